module mote/test/js/official/go

go 1.26.0

require github.com/nats-io/nats.go v1.55.0
