module mote/test/compat/cli

go 1.23

require github.com/nats-io/natscli v0.1.6
