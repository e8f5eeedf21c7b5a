local lib = import 'lib.libsonnet';
[lib.map('one'), lib.map('two')]
