# frozen_string_literal: true

require 'tmpdir'
require 'rspec-puppet'

# the module under its name, whatever its folder is called, and the modules that it needs
MODULES = Dir.mktmpdir
File.symlink(File.expand_path('..', __dir__), File.join(MODULES, 'ipsec'))
at_exit { FileUtils.remove_entry(MODULES) }

DEBIAN = {
  'os'         => { 'name' => 'Debian', 'family' => 'Debian', 'release' => { 'major' => '12' } },
  'networking' => { 'ip' => '192.0.2.1', 'fqdn' => 'cp0001.example.org' },
}.freeze
AGENT = {
  'cert' => '/var/lib/puppet/ssl/certs/own.pem', 'key' => '/var/lib/puppet/ssl/private_keys/own.pem',
  'type' => 'RSA', 'ca' => ["first\n", "second\n"]
}.freeze
NODES = {
  'cp0001' => { 'site' => 'ams', 'role' => 'edge', 'v4' => '192.0.2.1', 'v6' => '2001:db8:1::1' },
  'cp0101' => { 'site' => 'iad', 'role' => 'main', 'v4' => '198.51.100.1', 'v6' => '2001:db8:2::1' },
}.freeze

RSpec.configure do |config|
  config.module_path = [MODULES, *ENV['MODULEPATH']&.split(':'), '/usr/share/puppet/modules'].join(':')
  config.strict_variables = true
  config.setup_fixtures = false
end
