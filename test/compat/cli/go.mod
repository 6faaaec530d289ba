module mote/test/compat/cli

go 1.26.0

require github.com/nats-io/natscli v0.5.1
