# frozen_string_literal: true

require 'spec_helper'

describe 'ipsec' do
  let(:facts) { DEBIAN }
  let(:params) { {} }

  context 'without parameters' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_package('strongswan-starter').with_ensure('installed') }

    it 'runs charon by its unit and nothing beside it' do
      is_expected.to contain_service('strongswan-starter').with(ensure: 'running', enable: true, provider: 'systemd')
      is_expected.to contain_service('strongswan').with(ensure: 'stopped', enable: false)
                                                   .that_comes_before('Service[strongswan-starter]')
    end

    it 'restarts it for no file' do
      catalogue.resources.select { |one| one.type == 'File' }.each do |file|
        told = [file[:notify]].flatten.compact.map(&:to_s)
        expect(told).to all(start_with('Exec['))
      end
      is_expected.not_to contain_service('strongswan-starter').that_subscribes_to('File[/etc/ipsec.conf]')
    end

    it { is_expected.to contain_file('/etc/ipsec.conf').with_mode('0644').that_notifies('Exec[ipsec update]') }
    it { is_expected.to contain_exec('ipsec update').with_refreshonly(true).with_command('/usr/local/sbin/ipsec-update /etc/ipsec.d/connections').that_requires('Service[strongswan-starter]') }
    it { is_expected.to contain_exec('ipsec rereadall').with_refreshonly(true) }

    it 'shows no secrets' do
      is_expected.to contain_file('/etc/ipsec.secrets').with(mode: '0600', show_diff: false, backup: false)
                                                        .that_notifies('Exec[ipsec rereadall]')
      is_expected.to contain_file('/etc/ipsec.d/secrets').with(mode: '0700', show_diff: false, backup: false, purge: true)
    end

    it 'logs what explains a connection' do
      is_expected.to contain_file('/etc/strongswan.d/zz-ipsec.conf')
        .with_content(%r{^ +cfg = 2\n +default = 0\n +dmn = 2\n +enc = 1\n +ike = 1\n +knl = 1\n +net = 1\n}m)
        .with_content(%r{ike_name = yes})
        .that_notifies('Exec[charon rereads strongswan.conf]')
    end

    it 'keeps no packet back that waits' do
      is_expected.to contain_file('/etc/sysctl.d/60-ipsec.conf').with_content(%r{^net\.core\.xfrm_larval_drop = 1$})
      is_expected.to contain_exec('net.core.xfrm_larval_drop = 1')
    end

    it { is_expected.to contain_file('/etc/ipsec.d/private').with(mode: '0700', purge: false) }
    it { is_expected.to contain_file('/etc/ipsec.d/connections').with_purge(true).that_notifies('Exec[ipsec update]') }
  end

  context 'on Debian 10, where the unit is called otherwise' do
    let(:facts) { DEBIAN.merge('os' => DEBIAN['os'].merge('release' => { 'major' => '10' })) }

    it { is_expected.to contain_service('strongswan').with_ensure('running') }
    it { is_expected.to contain_service('ipsec').with(ensure: 'stopped', enable: false) }
  end

  context 'with ensure => absent' do
    let(:params) { { ensure: 'absent', connections: { 'one' => { 'left' => '192.0.2.1' } }, secrets: { 's' => { 'type' => 'PSK', 'secret' => 'x' } } } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_package('strongswan-starter').with_ensure('purged') }

    it 'stops charon first' do
      is_expected.to contain_service('strongswan-starter').with(ensure: 'stopped', enable: false)
      is_expected.to contain_class('ipsec::service').that_comes_before('Class[ipsec::config]')
      is_expected.to contain_class('ipsec::config').that_comes_before('Class[ipsec::install]')
    end

    ['/etc/ipsec.conf', '/etc/ipsec.secrets', '/etc/ipsec.d/connections', '/etc/ipsec.d/secrets',
     '/etc/strongswan.d/zz-ipsec.conf', '/etc/sysctl.d/60-ipsec.conf', '/usr/local/sbin/ipsec-update'].each do |path|
      it { is_expected.to contain_file(path).with_ensure('absent') }
    end

    it { is_expected.not_to contain_exec('ipsec update') }
    it { is_expected.not_to contain_file('/etc/ipsec.d/connections/one.conf') }
    it { is_expected.not_to contain_file('/etc/ipsec.d/secrets/s.secrets') }
    it { is_expected.to contain_exec('net.core.xfrm_larval_drop = 1') }
  end

  with = {
    { packages: ['other'] } => ['package', 'other', { ensure: 'installed' }],
    { package_ensure: '5.9.8-5' } => ['package', 'libstrongswan', { ensure: '5.9.8-5' }],
    { service: 'charon@site' } => ['service', 'charon@site', { ensure: 'running' }],
    { conflicting_services: ['other'] } => ['service', 'other', { ensure: 'stopped' }],
    { defaults: { 'esp' => 'aes256gcm16!', 'mobike' => true } } => ['file', '/etc/ipsec.conf', { content: %r{^conn %default\n\tesp=aes256gcm16!\n\tmobike=yes\n\n} }],
    { setup: { 'uniqueids' => 'never', 'cachecrls' => true } } => ['file', '/etc/ipsec.conf', { content: %r{^config setup\n\tcachecrls=yes\n\tuniqueids=never\n\n} }],
    { connections: { 'one' => { 'left' => '192.0.2.1' } } } => ['ipsec__connection', 'one', { settings: { 'left' => '192.0.2.1' } }],
    { includes: ['/etc/ipsec.local/*.conf'] } => ['file', '/etc/ipsec.conf', { content: %r{^include /etc/ipsec\.local/\*\.conf$} }],
    { secrets: { 'one' => { 'type' => 'PSK', 'secret' => 'x' } } } => ['ipsec__secret', 'one', { type: 'PSK' }],
    { charon: { 'threads' => 32, 'plugins' => { 'stroke' => { 'timeout' => 5000, 'load' => 'a "b"' } } } } =>
      ['file', '/etc/strongswan.d/zz-ipsec.conf', { content: %r{^  plugins \{\n    stroke \{\n      load = "a \\"b\\""\n      timeout = 5000\n    \}\n  \}\n  threads = 32\n} }],
    { logging: { 'default' => -1 } } => ['file', '/etc/strongswan.d/zz-ipsec.conf', { content: %r{daemon \{\n +default = -1\n +\}} }],
    { larval_drop: false } => ['exec', 'net.core.xfrm_larval_drop = 0', {}],
    { purge: true } => ['file', '/etc/ipsec.d/cacerts', { purge: true, recurse: true }],
  }
  with.each do |params, (type, title, parameters)|
    context "with #{params.keys[0]}" do
      let(:params) { params }

      it { is_expected.to compile.with_all_deps }
      it { is_expected.to public_send("contain_#{type}", title).with(parameters) }
    end
  end

  wrong = [
    { ensure: 'latest' }, { packages: [] }, { packages: 'strongswan' }, { package_ensure: '' }, { service: 'a b' },
    { conflicting_services: ['a;b'] }, { defaults: { 'ike' => 'AES 128' } }, { defaults: { 'colour' => 'red' } },
    { setup: { 'uniqueids' => 'sometimes' } }, { setup: { 'plutodebug' => 'all' } }, { connections: ['one'] },
    { connections: { 'a b' => {} } }, { includes: ['relative.conf'] }, { includes: ["/a\nb"] }, { secrets: { 'a/b' => {} } },
    { charon: { 'a.b' => 1 } }, { charon: { 'a' => "b\nc" } }, { logging: { 'cfg' => 5 } }, { logging: { 'pluto' => 1 } },
    { larval_drop: 1 }, { purge: 'yes' }
  ]
  wrong.each do |params|
    context "with the wrong #{params}" do
      let(:params) { params }

      it { is_expected.to compile.and_raise_error(%r{#{params.keys[0]}|#{params.values[0].is_a?(Hash) ? params.values[0].keys[0] : 'x'}}) }
    end
  end
end
