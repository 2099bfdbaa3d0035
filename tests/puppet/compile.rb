# frozen_string_literal: true

# ruby compile.rb MODULES HIERADATA NODES: catalogues of nodes, as JSON by their names.
#
# MODULES is a path as in modulepath, HIERADATA a file in YAML, NODES a JSON object with the
# facts of each node by its name.

require 'json'
require 'puppet'
require 'tmpdir'

modules, hieradata, nodes = ARGV

def compiled(environment, name, facts)
  node = Puppet::Node.new(name, environment: environment,
                                facts: Puppet::Node::Facts.new(name, facts))
  node.merge(facts)
  node.trusted_data = { 'authenticated' => 'local', 'certname' => name, 'extensions' => {} }
  Puppet::Parser::Compiler.compile(node).to_resource.to_data_hash
end

Dir.mktmpdir do |folder|
  hiera = File.join(folder, 'hiera.yaml')
  File.write(hiera, <<~YAML)
    version: 5
    hierarchy:
      - {name: site, data_hash: yaml_data, datadir: #{File.dirname(hieradata)}, path: #{File.basename(hieradata)}}
  YAML
  Puppet.initialize_settings(['--confdir', folder, '--vardir', folder, '--hiera_config', hiera,
                              '--strict', 'error', '--log_level', 'warning'])
  Puppet::Util::Log.newdestination(:console)
  manifest = File.join(folder, 'site.pp')
  File.write(manifest, "lookup('classes').include\n")
  catalogues = JSON.parse(File.read(nodes)).to_h do |name, facts|
    environment = Puppet::Node::Environment.create(:production, modules.split(':'), manifest)
    Puppet.override(current_environment: environment, loaders: Puppet::Pops::Loaders.new(environment)) do
      [name, compiled(environment, name, facts)]
    end
  end
  puts JSON.generate(catalogues)
rescue Puppet::Error => e
  abort e.message
end
