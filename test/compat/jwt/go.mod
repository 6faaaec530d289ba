module mote/test/compat/jwt

go 1.26.0

require (
	github.com/nats-io/jwt v1.2.2
	github.com/nats-io/jwt/v2 v2.8.2
	github.com/nats-io/nkeys v0.4.16
)
