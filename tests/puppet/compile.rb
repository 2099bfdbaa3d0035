# frozen_string_literal: true

# ruby compile.rb MODULES: catalogues, as long as there are questions.
#
# A question is a line of JSON, {"data": Hiera's, "facts": {NODE: its facts}}, and so is its
# answer, {"catalogues": {NODE: catalogue}} or {"refusal": reason}. MODULES is as in modulepath.

require 'json'
require 'puppet'
require 'tmpdir'

MODULES = ARGV.fetch(0).split(':')

def compiled(environment, name, facts)
  node = Puppet::Node.new(name, environment: environment,
                                facts: Puppet::Node::Facts.new(name, facts))
  node.merge(facts)
  node.trusted_data = { 'authenticated' => 'local', 'certname' => name, 'extensions' => {} }
  Puppet::Parser::Compiler.compile(node).to_resource.to_data_hash
end

def answer(manifest, question)
  environment = Puppet::Node::Environment.create(:production, MODULES, manifest)
  loaders = Puppet::Pops::Loaders.new(environment)
  Puppet.override(current_environment: environment, loaders: loaders) do
    { 'catalogues' => question['facts'].to_h { |name, facts| [name, compiled(environment, name, facts)] } }
  end
rescue Puppet::Error => e
  { 'refusal' => e.message }
end

Dir.mktmpdir do |folder|
  hiera, data, manifest = %w[hiera.yaml site.yaml site.pp].map { |name| File.join(folder, name) }
  File.write(hiera, JSON.generate(
                      'version' => 5,
                      'hierarchy' => [{ 'name' => 'site', 'data_hash' => 'yaml_data',
                                        'datadir' => folder, 'path' => 'site.yaml' }]
                    ))
  File.write(manifest, "lookup('classes').include\n")
  Puppet.initialize_settings(['--confdir', folder, '--vardir', folder, '--hiera_config', hiera,
                              '--strict', 'error', '--strict_variables', '--log_level', 'warning'])
  # warnings too go to standard error
  Puppet::Util::Log.newdestination(:console)
  $stdout.sync = true
  $stdin.each_line do |line|
    question = JSON.parse(line)
    File.write(data, JSON.generate(question['data']))
    puts JSON.generate(answer(manifest, question))
  end
end
