# frozen_string_literal: true

require 'spec_helper'
require 'facter'
require 'json'
require 'openssl'

FACTS = File.expand_path('../../lib/facter', __dir__)

describe 'the facts' do
  before do
    Facter.clear
    allow(Facter.fact(:kernel)).to receive(:value).and_return('Linux') if Facter.fact(:kernel)
    allow(File).to receive(:executable?).and_call_original
    allow(File).to receive(:executable?).with('/usr/sbin/ipsec').and_return(installed)
    allow(File).to receive(:executable?).with('/usr/sbin/swanctl').and_return(false)
    allow(File).to receive(:executable?).with('/usr/lib/nagios/plugins/check_ipsec').and_return(plugin)
    allow(File).to receive(:exist?).and_call_original
    allow(File).to receive(:exist?).with('/etc/ipsec.d/certs/mesh.pem').and_return(false)
    allow(Facter::Core::Execution).to receive(:execute).with(%r{check_ipsec --json}, any_args).and_return(said)
    allow(Facter::Core::Execution).to receive(:execute).with(%r{ipsec --version}, any_args)
                                                       .and_return("Linux strongSwan U5.9.8/K6.1.0\n")
    Dir["#{FACTS}/*.rb"].each { |path| load path }
  end

  after { Facter.clear }

  let(:installed) { true }
  let(:plugin) { true }
  let(:said) { '' }

  context 'with the plugin' do
    let(:said) do
      JSON.generate(status: 'CRITICAL', daemon: { running: true, version: '5.9.8', uptime: 3 },
                    connections: [{ name: 'a_v4', state: 'established' }, { name: 'b_v4', state: 'not connected' }])
    end

    it 'has the states of the connections' do
      expect(Facter.value(:ipsec)).to eq(
        'certificate' => false, 'version' => '5.9.8', 'daemon' => { 'running' => true }, 'status' => 'CRITICAL',
        'connections' => { 'a_v4' => 'established', 'b_v4' => 'not connected' }
      )
    end
  end

  context 'with the plugin, which cannot say' do
    let(:said) { '{"status": "UNKNOWN", "summary": "/etc/ipsec.conf:12: unknown section"}' }

    it { expect(Facter.value(:ipsec)).to eq('certificate' => false, 'version' => '5.9.8', 'status' => 'UNKNOWN') }
  end

  context 'with an answer that is none' do
    let(:said) { 'Traceback' }

    it { expect(Facter.value(:ipsec)).to eq('certificate' => false, 'version' => '5.9.8') }
  end

  context 'without the plugin' do
    let(:plugin) { false }

    it { expect(Facter.value(:ipsec)).to eq('certificate' => false, 'version' => '5.9.8') }
  end

  context 'without strongSwan' do
    let(:installed) { false }

    it { expect(Facter.value(:ipsec)).to be_nil }
  end

  context "with the agent's certificates" do
    let(:folder) { Dir.mktmpdir }

    before do
      key = OpenSSL::PKey::EC.generate('prime256v1')
      cert = OpenSSL::X509::Certificate.new
      cert.not_before = cert.not_after = Time.now
      cert.public_key = key
      cert.sign(key, 'SHA256')
      File.write("#{folder}/ca.pem", "# both\n#{cert.to_pem}#{cert.to_pem}")
      File.write("#{folder}/cert.pem", cert.to_pem)
      File.write("#{folder}/key.pem", key.to_pem)
      Puppet[:hostcert] = "#{folder}/cert.pem"
      Puppet[:hostprivkey] = "#{folder}/key.pem"
      Puppet[:localcacert] = "#{folder}/ca.pem"
    end

    after { FileUtils.remove_entry(folder) }

    it 'says where they lie, and each authority' do
      pem = File.read("#{folder}/cert.pem")
      expect(Facter.value(:ipsec_puppet)).to eq(
        'cert' => "#{folder}/cert.pem", 'key' => "#{folder}/key.pem", 'type' => 'ECDSA', 'ca' => [pem, pem]
      )
    end

    it 'says nothing where one is missing' do
      File.delete("#{folder}/key.pem")
      expect(Facter.value(:ipsec_puppet)).to be_nil
    end
  end
end
