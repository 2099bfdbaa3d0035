# frozen_string_literal: true

require 'spec_helper'

describe 'ipsec::connection' do
  let(:facts) { DEBIAN }
  let(:title) { 'cp0001_v6' }
  let(:path) { '/etc/ipsec.d/connections/cp0001_v6.conf' }
  let(:params) { { settings: { 'left' => '2001:db8::1', 'rightid' => 'CN="x"', 'mobike' => false, 'rightsubnet' => ['10.0.0.0/8', 'fd00::/8'] } } }

  it { is_expected.to compile.with_all_deps }

  it 'is a file that charon reads by an update' do
    is_expected.to contain_file(path)
      .with(mode: '0644', ensure: 'file')
      .with_content("# made by Puppet, module ipsec\nconn cp0001_v6\n\tleft=2001:db8::1\n\tmobike=no\n" \
                    "\trightid=\"CN=\\\"x\\\"\"\n\trightsubnet=10.0.0.0/8,fd00::/8\n")
      .that_notifies('Exec[ipsec update]').that_comes_before('Class[ipsec::service]')
  end

  context 'with ensure => absent' do
    let(:params) { super().merge(ensure: 'absent') }

    it { is_expected.to contain_file(path).with_ensure('absent').that_notifies('Exec[ipsec update]') }
  end

  [{}, { settings: 'left=1' }, { settings: {}, ensure: 'up' }].each do |wrong|
    context "with the wrong #{wrong}" do
      let(:params) { wrong }

      it { is_expected.to compile.and_raise_error(%r{settings|ensure}) }
    end
  end

  ['a b', '%default', 'x{1}', '../x'].each do |name|
    context "with the name #{name}" do
      let(:title) { name }

      it { is_expected.to compile.and_raise_error(%r{Ipsec::Name}) }
    end
  end
end
