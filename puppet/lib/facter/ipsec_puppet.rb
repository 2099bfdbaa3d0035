# frozen_string_literal: true

# The certificate of Puppet's agent, its key and its authorities, for `ipsec::mesh`: paths, the
# kind of the key, and each authority's certificate, which everybody may see.
Facter.add(:ipsec_puppet) do
  setcode do
    require 'openssl'
    require 'puppet'

    cert, key, authorities = %i[hostcert hostprivkey localcacert].map { |name| Puppet[name] }
    next unless [cert, key, authorities].all? { |path| File.readable?(path) }

    public_key = OpenSSL::X509::Certificate.new(File.read(cert)).public_key
    {
      'cert' => cert,
      'key'  => key,
      'type' => public_key.is_a?(OpenSSL::PKey::EC) ? 'ECDSA' : 'RSA',
      'ca'   => File.read(authorities).scan(%r{^-----BEGIN CERTIFICATE-----.*?^-----END CERTIFICATE-----\n}m),
    }
  rescue LoadError, OpenSSL::X509::CertificateError => e
    Facter.debug("ipsec_puppet: #{e.message}")
    nil
  end
end
