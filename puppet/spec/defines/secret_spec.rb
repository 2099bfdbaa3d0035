# frozen_string_literal: true

require 'spec_helper'

describe 'ipsec::secret' do
  let(:facts) { DEBIAN }
  let(:title) { 'own' }

  def hidden(params)
    params[:secret] ? params.merge(secret: sensitive(params[:secret])) : params
  end

  {
    { type: 'ECDSA', file: '/etc/ipsec.d/private/own.pem' } => ": ECDSA /etc/ipsec.d/private/own.pem\n",
    { type: 'RSA', file: '/k.pem', secret: 'a phrase' } => ": RSA /k.pem \"a phrase\"\n",
    { type: 'PSK', secret: 's', selectors: ['192.0.2.1', '@x'] } => "\"192.0.2.1\" \"@x\" : PSK \"s\"\n",
  }.each do |params, line|
    context "of #{params[:type]}" do
      let(:params) { hidden(params) }

      it { is_expected.to compile.with_all_deps }

      it 'is a file that only root reads' do
        is_expected.to contain_file('/etc/ipsec.d/secrets/own.secrets')
          .with(mode: '0600', show_diff: false, backup: false)
          .with_content(sensitive("# made by Puppet, module ipsec\n#{line}"))
          .that_notifies('Exec[ipsec rereadall]')
      end
    end
  end

  [{ type: 'PSK' }, { type: 'RSA' }, { type: 'PIN', secret: 's' }, { type: 'PSK', secret: 'a"b' }, { type: 'RSA', file: 'own.pem' },
   { type: 'PSK', secret: 's', selectors: ["a\nb"] }].each do |wrong|
    context "with the wrong #{wrong}" do
      let(:params) { hidden(wrong) }

      it { is_expected.to compile.and_raise_error(%r{needs|type|secret|file|selectors}) }
    end
  end

  context 'with a bare secret' do
    let(:params) { { type: 'PSK', secret: 'swordfish' } }

    it { is_expected.to compile.and_raise_error(%r{\A(?!.*swordfish).*'secret'}m) }
  end

  context 'with a wrong secret' do
    let(:params) { hidden(type: 'PSK', secret: 'sword"fish') }

    it { is_expected.to compile.and_raise_error(%r{\A(?!.*fish).*'secret'}m) }
  end
end
