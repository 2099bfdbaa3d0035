# frozen_string_literal: true

require 'spec_helper'

NRPE = '/etc/nagios/nrpe.d/monitoring-plugins-ipsec.cfg'
TIMERS = %w[prometheus graphite influx json].freeze

describe 'ipsec::monitoring' do
  let(:facts) { DEBIAN }
  let(:params) { {} }

  context 'without parameters' do
    it { is_expected.to compile.with_all_deps }
    it { is_expected.not_to contain_class('ipsec') }
    it { is_expected.to contain_package('monitoring-plugins-ipsec').with_ensure('installed') }
    it { is_expected.to contain_file(NRPE).with_content(%r{^command\[check_ipsec\]=/usr/lib/nagios/plugins/check_ipsec$}) }

    it 'reloads the agent, if there is one' do
      is_expected.to contain_exec('systemctl reload nagios-nrpe-server')
        .with(refreshonly: true, onlyif: 'systemctl is-active -q nagios-nrpe-server')
        .that_subscribes_to("File[#{NRPE}]").that_subscribes_to('Package[monitoring-plugins-ipsec]')
    end

    it { is_expected.to contain_file('/etc/sudoers.d/monitoring-plugins-ipsec-site').with_ensure('absent') }
    it { is_expected.to contain_file('/etc/default/ipsec-metrics').with_ensure('absent') }

    TIMERS.each do |format|
      it { is_expected.to contain_service("ipsec-metrics-#{format}.timer").with(ensure: 'stopped', enable: false) }
    end
  end

  context 'with ensure => absent' do
    let(:params) { { ensure: 'absent', users: ['zabbix'], metrics: ['json'], export: true } }

    it { is_expected.to compile.with_all_deps }
    it { is_expected.to contain_package('monitoring-plugins-ipsec').with_ensure('purged').that_requires("File[#{NRPE}]") }
    it { is_expected.to contain_file(NRPE).with_ensure('absent') }
    it { is_expected.to contain_file('/etc/sudoers.d/monitoring-plugins-ipsec-site').with_ensure('absent') }
    it { is_expected.to contain_file('/etc/default/ipsec-metrics').with_ensure('absent') }
    it { is_expected.to contain_service('ipsec-metrics-json.timer').with(ensure: 'stopped', enable: false) }
    it { expect(exported_resources).not_to contain_file('/etc/icinga2/conf.d/ipsec/foo.example.com.conf') }
  end

  options = { 'check_ipsec' => { 'critical' => '10%', 'not_connected' => 'warning', 'exclude' => %w[a* b], 'no_kernel' => true, 'verbose' => 2 } }
  with = {
    { package: 'other' } => ['package', 'other', {}],
    { package_ensure: '0.1.0' } => ['package', 'monitoring-plugins-ipsec', { ensure: '0.1.0' }],
    { package_source: '/srv/p.deb' } => ['package', 'monitoring-plugins-ipsec', { provider: 'dpkg', source: '/srv/p.deb' }],
    { agent: 'icinga' } => ['exec', 'systemctl reload icinga2', { refreshonly: true }],
    { agent: 'none' } => ['file', NRPE, { ensure: 'absent' }],
    { options: options } => ['file', NRPE, { content: %r{^command\[check_ipsec\]=/usr/lib/nagios/plugins/check_ipsec --critical='10%' --exclude='a\*' --exclude='b' --no-kernel --not-connected='warning' --verbose --verbose$} }],
    { users: ['zabbix'] } => ['file', '/etc/sudoers.d/monitoring-plugins-ipsec-site', { mode: '0440', content: %r{^zabbix ALL = \(root\) NOPASSWD: IPSEC_QUESTIONS$} }],
    { metrics: ['graphite'], metrics_carbon: 'carbon:2003' } => ['file', '/etc/default/ipsec-metrics', { content: %r{^IPSEC_METRICS_CARBON=carbon:2003$} }],
    { metrics: ['json'], metrics_options: ['--labels', '/l'] } => ['file', '/etc/default/ipsec-metrics', { content: %r{^IPSEC_METRICS_OPTIONS="--labels /l"$} }],
    { metrics: ['prometheus'] } => ['service', 'ipsec-metrics-prometheus.timer', { ensure: 'running', enable: true }],
  }
  with.each do |params, (type, title, parameters)|
    context "with #{params}" do
      let(:params) { params }

      it { is_expected.to compile.with_all_deps }
      it { is_expected.to public_send("contain_#{type}", title).with(parameters) }
    end
  end

  context 'with an exported host' do
    let(:node) { 'cp0001.example.org' }
    let(:params) do
      { export: true, agent: 'icinga', export_address: '2001:db8::1', export_import: ['ipsec node'],
        export_vars: { 'ipsec_sites' => %w[ams iad] }, options: { 'check_ipsec_certs' => { 'warning' => '21:', 'files' => true } } }
    end

    it 'has thresholds as variables' do
      expect(exported_resources).to contain_file('/etc/icinga2/conf.d/ipsec/cp0001.example.org.conf').with_content(<<~CONF).with_tag('ipsec::monitoring')
        /* made by Puppet, module ipsec */
        object Host "cp0001.example.org" {
        \timport "ipsec node"
        \taddress6 = "2001:db8::1"
        \tvars.ipsec = true
        \tvars.agent_endpoint = "cp0001.example.org"
        \tvars.ipsec_certs_files = true
        \tvars.ipsec_certs_warning = "21:"
        \tvars.ipsec_sites = [ "ams", "iad" ]
        }
      CONF
    end

    context 'asked over NRPE' do
      let(:params) { super().merge(agent: 'nrpe', export_address: '192.0.2.1') }

      it 'has them in the agent' do
        expect(exported_resources).to contain_file('/etc/icinga2/conf.d/ipsec/cp0001.example.org.conf')
          .with_content(%r{^\taddress = "192\.0\.2\.1"\n\tvars\.ipsec = "nrpe"\n\tvars\.ipsec_sites})
      end
    end
  end

  wrong = [
    { ensure: 'off' }, { package: '' }, { package_ensure: '' }, { package_source: 'p.deb' }, { agent: 'ssh' }, { options: { 'check_disk' => {} } },
    { options: { 'check_ipsec' => { 'critical' => "1'; reboot '" } } }, { options: { 'check_ipsec' => { 'include' => ['$HOME'] } } },
    { options: { 'check_ipsec' => { 'stale' => 'red' } } }, { users: ['a b'] }, { metrics: ['csv'] }, { metrics_carbon: 'carbon' },
    { metrics_options: ['a b'] }, { export: 'yes' }, { export_address: 'x' }, { export_import: ["a\nb"] }, { export_vars: { 'A' => 1 } }
  ]
  wrong.each do |params|
    context "with the wrong #{params}" do
      let(:params) { params }

      it { is_expected.to compile.and_raise_error(%r{#{params.keys[0]}}) }
    end
  end
end

describe 'ipsec::monitoring::collector' do
  it { is_expected.to compile.with_all_deps }
  it { is_expected.to contain_file('/etc/icinga2/conf.d/ipsec').with(ensure: 'directory', purge: true).that_notifies('Exec[reload icinga2]') }
  it { is_expected.to contain_exec('reload icinga2').with(refreshonly: true, onlyif: ['systemctl is-active -q icinga2', 'icinga2 daemon -C']) }
end
