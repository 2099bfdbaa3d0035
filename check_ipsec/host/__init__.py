"""Where the texts come from: commands, files, captured folders."""
