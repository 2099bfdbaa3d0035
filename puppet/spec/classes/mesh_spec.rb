# frozen_string_literal: true

require 'spec_helper'

describe 'ipsec::mesh' do
  let(:facts) { DEBIAN.merge('ipsec_puppet' => AGENT) }
  let(:params) { { nodes: NODES, node: 'cp0001' } }

  context 'without further parameters' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.to have_ipsec__connection_resource_count(2) }

    it 'is a connection a family' do
      is_expected.to contain_ipsec__connection('cp0101_v4').with_settings(
        'left' => '192.0.2.1', 'right' => '198.51.100.1', 'rightid' => 'CN=cp0101',
        'leftcert' => 'mesh.pem', 'auto' => 'start', 'dpdaction' => 'restart'
      )
      is_expected.to contain_ipsec__connection('cp0101_v6')
    end

    it "copies the agent's certificates to where charon may read them" do
      is_expected.to contain_file('/etc/ipsec.d/certs/mesh.pem').with_source(AGENT['cert'])
      is_expected.to contain_file('/etc/ipsec.d/private/mesh.pem')
        .with(source: AGENT['key'], mode: '0600', show_diff: false, backup: false)
      is_expected.to contain_file('/etc/ipsec.d/cacerts/mesh-0.pem').with_content("first\n")
      is_expected.to contain_file('/etc/ipsec.d/cacerts/mesh-1.pem').with_content("second\n")
      is_expected.to contain_file('/etc/ipsec.d/cacerts/mesh-2.pem').with_ensure('absent')
      is_expected.to contain_ipsec__secret('mesh').with(type: 'RSA', file: '/etc/ipsec.d/private/mesh.pem')
    end

    it { is_expected.not_to contain_file('/etc/ipsec.d/certs/mesh.pem').that_notifies('Exec[ipsec reload]') }

    it 'locks the path MTU of the routes to the peers' do
      is_expected.to contain_file('/etc/ipsec.d/routes').with_content(%r{^198\.51\.100\.1 1450\n2001:db8:2::1 1450\n\z})
      is_expected.to contain_service('ipsec-routes').with_enable(true)
      is_expected.to contain_exec('routes to the peers').that_requires('File[/etc/ipsec.d/routes]')
    end
  end

  context 'where charon has a certificate already' do
    let(:facts) { super().merge('ipsec' => { 'certificate' => true }) }

    it { is_expected.to contain_file('/etc/ipsec.d/certs/mesh.pem').that_notifies('Exec[ipsec reload]') }
  end

  context 'with ensure => absent' do
    let(:params) { super().merge(ensure: 'absent') }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to have_ipsec__connection_resource_count(0) }
    it { is_expected.to contain_package('strongswan-starter').with_ensure('installed') }
    it { is_expected.to contain_service('ipsec-routes').with_enable(false) }

    ['/etc/ipsec.d/certs/mesh.pem', '/etc/ipsec.d/private/mesh.pem', '/etc/ipsec.d/cacerts/mesh-0.pem',
     '/etc/ipsec.d/routes', '/usr/local/sbin/ipsec-routes', '/etc/systemd/system/ipsec-routes.service'].each do |path|
      it { is_expected.to contain_file(path).with_ensure('absent') }
    end

    it { is_expected.to contain_exec('no routes to the peers').that_comes_before('File[/usr/local/sbin/ipsec-routes]') }
  end

  context 'where ipsec is absent' do
    let(:pre_condition) { "class { 'ipsec': ensure => absent }" }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to have_ipsec__connection_resource_count(0) }
    it { is_expected.to contain_file('/etc/ipsec.d/private/mesh.pem').with_ensure('absent') }
    it { is_expected.to contain_file('/etc/ipsec.d/routes').with_ensure('absent') }
  end

  context 'without a certificate' do
    let(:facts) { DEBIAN }

    it { is_expected.to compile.and_raise_error(%r{set ipsec::mesh::certificates}) }
  end

  certificates = { 'cert' => '/c.pem', 'key' => '/k.pem', 'type' => 'ECDSA', 'ca' => ['puppet:///modules/site/ca.pem'] }
  with = {
    { node: 'cp0101' } => ['file', '/etc/ipsec.d/connections/cp0001_v4.conf', { content: %r{^\tdpdaction="?clear"?$} }],
    { domain: 'example.org', node: 'cp0001.example.org' } =>
      ['file', '/etc/ipsec.d/connections/cp0101_v4.conf', { content: %r{^\trightid="?CN=cp0101\.example\.org"?$} }],
    { links: [%w[iad ams]] } => ['ipsec__connection', 'cp0101_v6', {}],
    { auto: 'route' } => ['file', '/etc/ipsec.d/connections/cp0101_v4.conf', { content: %r{^\tauto="?route"?$} }],
    { drop: true } => ['file', '/etc/ipsec.d/connections/cp0101_v4_drop.conf', { content: %r{^\ttype="?drop"?$} }],
    { settings: { 'esp' => 'aes256gcm16!' } } => ['file', '/etc/ipsec.d/connections/cp0101_v4.conf', { content: %r{^\tesp="?aes256gcm16!"?$} }],
    { certificates: certificates } => ['file', '/etc/ipsec.d/cacerts/mesh-0.pem', { source: 'puppet:///modules/site/ca.pem' }],
    { mtu: 1400 } => ['file', '/etc/ipsec.d/routes', { content: %r{ 1400$} }],
    { mtu: false } => ['file', '/etc/ipsec.d/routes', { ensure: 'absent' }],
  }
  with.each do |params, (type, title, parameters)|
    context "with #{params}" do
      let(:params) { super().merge(params) }

      it { is_expected.to compile.with_all_deps }
      it { is_expected.to public_send("contain_#{type}", title).with(parameters) }
    end
  end

  context 'with links that leave the site out' do
    let(:params) { super().merge(links: [%w[iad iad]]) }

    it { is_expected.to have_ipsec__connection_resource_count(0) }
  end

  wrong = [
    { nodes: {} }, { nodes: { 'a' => {} } }, { nodes: { 'a' => NODES['cp0001'].merge('v4' => '2001:db8::1') } },
    { nodes: { 'A' => NODES['cp0001'] } }, { node: '' }, { node: 'other' }, { domain: 'a b' }, { links: [['ams']] },
    { auto: 'up' }, { drop: 'yes' }, { settings: { 'esp' => 'AES' } }, { certificates: certificates.merge('ca' => []) },
    { certificates: certificates.merge('key' => 'k.pem') }, { mtu: 576 }, { mtu: '1450' }, { mtu: true }, { ensure: 'down' }
  ]
  wrong.each do |params|
    context "with the wrong #{params}" do
      let(:params) { super().merge(params) }

      it { is_expected.to compile.and_raise_error(%r{#{params.keys[0]}}) }
    end
  end
end
