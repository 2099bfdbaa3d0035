# frozen_string_literal: true

require 'json'

# What runs here, as check_ipsec says it: nothing that changes while nothing happens, so the
# facts of a host at rest are the same from run to run.
Facter.add(:ipsec, type: :aggregate) do
  confine kernel: 'Linux'

  plugin = '/usr/lib/nagios/plugins/check_ipsec'
  daemon = ['/usr/sbin/ipsec', '/usr/sbin/swanctl']

  confine { daemon.any? { |path| File.executable?(path) } }

  # the whole answer, or an empty one: a UNKNOWN is an answer without connections
  said = lambda do
    next {} unless File.executable?(plugin)

    JSON.parse(Facter::Core::Execution.execute("#{plugin} --json --timeout 8 2>/dev/null",
                                               timeout: 15, on_fail: ''))
  rescue JSON::ParserError, Facter::Core::Execution::ExecutionFailure
    {}
  end

  chunk(:all) do
    answer = said.call
    charon = answer['daemon'] || {}
    release = charon['version'] ||
              Facter::Core::Execution.execute('/usr/sbin/ipsec --version 2>/dev/null',
                                              timeout: 5, on_fail: '')[%r{strongSwan U?([0-9][^/ ]*)}, 1]
    # whether charon may have read a certificate of the mesh before this run of Puppet
    found = { 'certificate' => File.exist?('/etc/ipsec.d/certs/mesh.pem') }
    found['version'] = release if release
    found['daemon'] = { 'running' => charon['running'] } unless charon['running'].nil?
    found['status'] = answer['status'] if answer['status']
    if answer['connections']
      found['connections'] = answer['connections'].to_h do |connection|
        [connection['name'], connection['state']]
      end
    end
    found
  end
end
