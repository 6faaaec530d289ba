// test/compat/go/main.go - the behaviours of test/compat/run, with nats.go.
//
// A test fails by need() or must(), which leave it at once.  The driver owns the
// servers: ask() sends it a line and returns its answer (README.md).
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	patience   = 10 * time.Second
	maxPayload = 1 << 20
)

var (
	url     string
	answers = bufio.NewScanner(os.Stdin)
	open    []*nats.Conn
)

type failure string

func ask(line string) string {
	fmt.Println(line)
	if !answers.Scan() {
		os.Exit(2)
	}
	need(!strings.HasPrefix(answers.Text(), "failed"), "%s: %s", line, answers.Text())
	return answers.Text()
}

func server(name string) {
	url = strings.TrimPrefix(ask("server "+name), "url ")
}

func need(held bool, format string, args ...any) {
	if !held {
		panic(failure(fmt.Sprintf(format, args...)))
	}
}

func must(err error, what string) {
	need(err == nil, "%s: %v", what, err)
}

func same(got, wanted any, what string) {
	need(reflect.DeepEqual(got, wanted), "%s: %v, not %v", what, got, wanted)
}

// ---- connections -----------------------------------------------------------------

// What the callbacks of one connection saw.
type events struct {
	disconnected, reconnected, closed, lameduck chan struct{}
	errors                                      chan error
}

func tell(c chan struct{}) func(*nats.Conn) {
	return func(*nats.Conn) { c <- struct{}{} }
}

func wait[T any](c chan T, what string) (v T) {
	select {
	case v = <-c:
	case <-time.After(patience):
		need(false, "no %s", what)
	}
	return v
}

func tryConnect(options ...nats.Option) (*nats.Conn, *events, error) {
	ev := &events{make(chan struct{}, 64), make(chan struct{}, 64),
		make(chan struct{}, 64), make(chan struct{}, 64), make(chan error, 64)}
	all := append([]nats.Option{
		nats.Name("compat"), nats.ReconnectWait(20 * time.Millisecond),
		nats.ReconnectJitter(0, 0), nats.MaxReconnects(500), nats.Timeout(patience),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { ev.disconnected <- struct{}{} }),
		nats.ReconnectHandler(tell(ev.reconnected)), nats.ClosedHandler(tell(ev.closed)),
		nats.LameDuckModeHandler(tell(ev.lameduck)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { ev.errors <- err }),
	}, options...)
	nc, err := nats.Connect(url, all...)
	if err == nil {
		open = append(open, nc)
	}
	return nc, ev, err
}

func connect(options ...nats.Option) (*nats.Conn, *events) {
	nc, ev, err := tryConnect(options...)
	must(err, "connect")
	return nc, ev
}

func subscribe(nc *nats.Conn, subject string) *nats.Subscription {
	sub, err := nc.SubscribeSync(subject)
	must(err, "subscribe "+subject)
	return sub
}

func queueSubscribe(nc *nats.Conn, subject, queue string) *nats.Subscription {
	sub, err := nc.QueueSubscribeSync(subject, queue)
	must(err, "subscribe "+subject+" "+queue)
	return sub
}

func publish(nc *nats.Conn, subject, text string) {
	must(nc.Publish(subject, []byte(text)), "publish "+subject)
}

func flush(conns ...*nats.Conn) {
	for _, nc := range conns {
		must(nc.FlushTimeout(patience), "flush")
	}
}

func next(sub *nats.Subscription) *nats.Msg {
	m, err := sub.NextMsg(patience)
	must(err, "next of "+sub.Subject)
	return m
}

// How many messages wait: exact after a flush of the connection.
func waiting(sub *nats.Subscription) int {
	n, _, err := sub.Pending()
	must(err, "pending of "+sub.Subject)
	return n
}

func answer(nc *nats.Conn, subject string, times int) {
	_, err := nc.Subscribe(subject, func(m *nats.Msg) {
		for i := 0; i < times; i++ {
			_ = m.Respond([]byte("pong:" + string(m.Data)))
		}
	})
	must(err, "subscribe "+subject)
	flush(nc)
}

// ---- the behaviours ------------------------------------------------------------------

func testConnect() {
	server("plain")
	nc, _ := connect()
	id, err := nc.GetClientID()
	must(err, "client id")
	need(id > 0, "client_id %d", id)
	ip, err := nc.GetClientIP()
	must(err, "client ip")
	same(ip.String(), "127.0.0.1", "client_ip")
	need(regexp.MustCompile(`^N[A-Z2-7]{55}$`).MatchString(nc.ConnectedServerId()),
		"server_id %s", nc.ConnectedServerId())
	need(regexp.MustCompile(`^2\.\d+\.\d+`).MatchString(nc.ConnectedServerVersion()),
		"version %s", nc.ConnectedServerVersion())
	need(nc.ConnectedServerName() != "", "no server_name")
	need(nc.HeadersSupported(), "no headers")
	same(nc.MaxPayload(), int64(maxPayload), "max_payload")
	same(len(nc.DiscoveredServers()), 0, "discovered servers")
	need(!nc.AuthRequired() && !nc.TLSRequired(), "auth or TLS required")
}

func testPublishSubscribe() {
	nc, _ := connect()
	sub, other := subscribe(nc, "ps.a"), subscribe(nc, "ps.b")
	must(nc.PublishRequest("ps.a", "re.ply", []byte("hello")), "publish")
	m := next(sub)
	same([]string{string(m.Data), m.Subject, m.Reply}, []string{"hello", "ps.a", "re.ply"}, "message")
	flush(nc)
	same([]int{waiting(sub), waiting(other)}, []int{0, 0}, "further messages")
}

func testOrder() {
	a, _ := connect()
	b, _ := connect()
	sub := subscribe(a, "order")
	flush(a)
	for i := 0; i < 1000; i++ {
		publish(b, "order", strconv.Itoa(i))
	}
	for i := 0; i < 1000; i++ {
		same(string(next(sub).Data), strconv.Itoa(i), "message")
	}
}

func testPayloads() {
	nc, _ := connect()
	sub := subscribe(nc, "bin")
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	all = append(all, "\r\n\r\n"...)
	publish(nc, "bin", "")
	publish(nc, "bin", string(all))
	same(len(next(sub).Data), 0, "empty payload")
	need(bytes.Equal(next(sub).Data, all), "other bytes")
}

func testWildcards() {
	nc, _ := connect()
	wanted := map[string]int{"w.*": 1, "w.>": 3, "w.*.c": 1, "*.a.*": 2,
		"w.a.b": 1, "w": 1, "w.a*": 0, ">": 4}
	subs := map[string]*nats.Subscription{}
	for pattern := range wanted {
		subs[pattern] = subscribe(nc, pattern)
	}
	for _, s := range []string{"w", "w.a", "w.a.b", "w.a.c"} {
		publish(nc, s, "x")
	}
	flush(nc)
	for pattern, n := range wanted {
		same(waiting(subs[pattern]), n, pattern)
	}
}

func testQueueGroup() {
	a, _ := connect()
	b, _ := connect()
	pub, _ := connect()
	members := []*nats.Subscription{queueSubscribe(a, "q.x", "crew"), queueSubscribe(b, "q.x", "crew"),
		queueSubscribe(a, "q.*", "crew"), queueSubscribe(b, "q.*", "crew")}
	other, plain := queueSubscribe(a, "q.x", "other"), subscribe(b, "q.x")
	flush(a, b)
	for i := 0; i < 400; i++ {
		publish(pub, "q.x", strconv.Itoa(i))
	}
	flush(pub, a, b)
	seen := map[string]bool{}
	for i, m := range members {
		n := waiting(m)
		need(n > 0, "member %d got nothing", i)
		for ; n > 0; n-- {
			text := string(next(m).Data)
			need(!seen[text], "%s came twice", text)
			seen[text] = true
		}
	}
	same([]int{len(seen), waiting(other), waiting(plain)}, []int{400, 400, 400}, "group, other group, plain")
}

func testRequestOne() {
	a, _ := connect()
	b, _ := connect()
	old, _ := connect(nats.UseOldRequestStyle())
	answer(a, "svc", 1)
	for i := 0; i < 50; i++ {
		for _, nc := range []*nats.Conn{b, old} {
			m, err := nc.Request("svc", []byte(strconv.Itoa(i)), patience)
			must(err, "request")
			same(string(m.Data), "pong:"+strconv.Itoa(i), "reply")
		}
	}
}

func testRequestMany() {
	a, _ := connect()
	b, _ := connect()
	answer(a, "many", 3)
	inbox := b.NewInbox()
	replies := subscribe(b, inbox)
	must(b.PublishRequest("many", inbox, []byte("x")), "request")
	for i := 0; i < 3; i++ {
		same(string(next(replies).Data), "pong:x", "reply")
	}
	flush(a, b)
	same(waiting(replies), 0, "further replies")
}

func testHeaders() {
	nc, _ := connect()
	sub := subscribe(nc, "hdr")
	m := &nats.Msg{Subject: "hdr", Reply: "back", Data: []byte("body"), Header: nats.Header{}}
	m.Header.Set("One", "first: value")
	m.Header.Add("Two", "a")
	m.Header.Add("Two", "b")
	m.Header.Set("lower-Case", "x")
	must(nc.PublishMsg(m), "publish")
	must(nc.PublishMsg(&nats.Msg{Subject: "hdr", Header: nats.Header{"Only": {"header"}}}), "publish")
	got, empty := next(sub), next(sub)
	same(got.Header, m.Header, "headers")
	same([]string{string(got.Data), got.Reply}, []string{"body", "back"}, "message")
	same(len(empty.Data), 0, "empty body")
	same(empty.Header.Get("Only"), "header", "Only")
}

func testNoResponders() {
	nc, _ := connect()
	_, err := nc.Request("no.one", []byte("x"), patience)
	need(errors.Is(err, nats.ErrNoResponders), "%v", err)
}

func testNoEcho() {
	mute, _ := connect(nats.NoEcho())
	other, _ := connect()
	sub, seen := subscribe(mute, "echo"), subscribe(other, "echo")
	flush(mute, other)
	publish(mute, "echo", "mine")
	flush(mute)
	next(seen)
	publish(other, "echo", "yours")
	same(string(next(sub).Data), "yours", "message")
}

func testUnsubscribe() {
	nc, _ := connect()
	sub, stays := subscribe(nc, "un"), subscribe(nc, "un")
	publish(nc, "un", "1")
	next(sub)
	must(sub.Unsubscribe(), "unsubscribe")
	publish(nc, "un", "2")
	flush(nc)
	same(waiting(stays), 2, "the other one")
	_, err := sub.NextMsg(time.Millisecond)
	need(err != nil, "a message came")
}

func testUnsubscribeMax() {
	nc, _ := connect()
	sub := subscribe(nc, "max")
	must(sub.AutoUnsubscribe(3), "auto unsubscribe")
	for i := 0; i < 10; i++ {
		publish(nc, "max", "x")
	}
	flush(nc)
	for i := 0; i < 3; i++ {
		next(sub)
	}
	_, err := sub.NextMsg(patience)
	need(errors.Is(err, nats.ErrMaxMessages) || errors.Is(err, nats.ErrBadSubscription), "fourth: %v", err)
}

func counter(nc *nats.Conn, subject string) (*nats.Subscription, chan struct{}) {
	c := make(chan struct{}, 1000)
	sub, err := nc.Subscribe(subject, func(*nats.Msg) { c <- struct{}{} })
	must(err, "subscribe "+subject)
	flush(nc)
	return sub, c
}

func testDrainSubscription() {
	a, _ := connect()
	b, _ := connect()
	sub, got := counter(a, "drain")
	done := sub.StatusChanged(nats.SubscriptionClosed)
	for i := 0; i < 50; i++ {
		publish(b, "drain", "x")
	}
	flush(b)
	must(sub.Drain(), "drain")
	select {
	case <-done:
	case <-time.After(patience):
		need(false, "the drain did not end")
	}
	same(len(got), 50, "before the drain")
	publish(b, "drain", "late")
	flush(b, a)
	same(len(got), 50, "after the drain")
}

func testDrainConnection() {
	a, ev := connect()
	b, _ := connect()
	_, got := counter(a, "bye")
	last := subscribe(b, "last")
	flush(b)
	for i := 0; i < 50; i++ {
		publish(b, "bye", "x")
	}
	flush(b)
	publish(a, "last", "words")
	must(a.Drain(), "drain")
	wait(ev.closed, "close")
	same(len(got), 50, "before the drain")
	same(string(next(last).Data), "words", "last message")
}

func testFlushRTT() {
	nc, _ := connect()
	for i := 0; i < 20; i++ {
		flush(nc)
	}
	rtt, err := nc.RTT()
	must(err, "rtt")
	need(rtt > 0, "rtt is %v", rtt)
}

func testPayloadAtLimit() {
	nc, _ := connect()
	sub := subscribe(nc, "big")
	big := make([]byte, maxPayload)
	for i := range big {
		big[i] = byte(i * 31 >> 3)
	}
	for i := 0; i < 3; i++ {
		publish(nc, "big", string(big[i:]))
		need(bytes.Equal(next(sub).Data, big[i:]), "other bytes")
	}
}

func testPayloadOverLimitClient() {
	nc, _ := connect()
	err := nc.Publish("big", make([]byte, maxPayload+1))
	need(errors.Is(err, nats.ErrMaxPayload), "%v", err)
	flush(nc)
}

// The client knows the limit of its connect; the server's has sunk since.
func testPayloadOverLimitServer() {
	server("plain")
	nc, ev := connect(nats.NoReconnect())
	ask("reload small")
	publish(nc, "big", string(make([]byte, 1000)))
	flush(nc)
	publish(nc, "big", string(make([]byte, 2000)))
	// Not the text of the error: a server that does not read the payload may
	// reset, before its -ERR is read.
	wait(ev.closed, "close")
	ask("logged maximum payload exceeded: 2000 vs 1000")
}

func testManySubscriptions() {
	server("plain")
	nc, _ := connect()
	subs := make([]*nats.Subscription, 2000)
	for i := range subs {
		subs[i] = subscribe(nc, "lots."+strconv.Itoa(i))
	}
	for i := range subs {
		publish(nc, "lots."+strconv.Itoa(i), "x")
	}
	flush(nc)
	for _, sub := range subs {
		same(waiting(sub), 1, sub.Subject)
	}
}

func testReconnect() {
	nc, ev := connect()
	plain, queue, limited := subscribe(nc, "re.*"), queueSubscribe(nc, "re.x", "crew"), subscribe(nc, "re.x")
	must(limited.AutoUnsubscribe(3), "auto unsubscribe")
	publish(nc, "re.x", "before")
	next(plain)
	next(queue)
	next(limited)
	ask("restart")
	wait(ev.disconnected, "disconnect")
	wait(ev.reconnected, "reconnect")
	for i := 0; i < 4; i++ {
		publish(nc, "re.x", "after")
	}
	flush(nc)
	same([]int{waiting(plain), waiting(queue), waiting(limited)}, []int{4, 4, 2}, "deliveries")
}

func testLameDuck() {
	server("lameduck")
	_, ev := connect(nats.NoReconnect())
	ask("lameduck")
	wait(ev.lameduck, "lame duck notice")
	wait(ev.closed, "close")
	same(ask("exited"), "exit 0", "the server")
}

func refused(user, pass string) {
	_, _, err := tryConnect(nats.UserInfo(user, pass))
	need(errors.Is(err, nats.ErrAuthorization), "%s: %v", user, err)
}

func testUserPassword() {
	server("user")
	nc, _ := connect(nats.UserInfo("alice", "s3cr3t"))
	need(nc.AuthRequired(), "no auth_required")
	flush(nc)
}

// The files of a certificate and its key.
func certs(name string) (string, string) {
	words := strings.Fields(ask("certs " + name))
	return words[1], words[2]
}

func trusting(authority string) nats.Option {
	cert, _ := certs(authority)
	return nats.RootCAs(cert)
}

func testTLS() {
	server("tls")
	nc, _ := connect(trusting("ca"))
	need(nc.TLSRequired(), "no tls_required")
	sub := subscribe(nc, "big")
	must(nc.Publish("big", make([]byte, 900000)), "publish")
	msg, err := sub.NextMsg(10 * time.Second)
	must(err, "message")
	need(len(msg.Data) == 900000, "%d bytes", len(msg.Data))
	server("tls_first")
	nc, _ = connect(trusting("ca"), nats.TLSHandshakeFirst())
	flush(nc)
}

func testTLSWrongAuthority() {
	server("tls")
	_, _, err := tryConnect(trusting("other-ca"))
	need(err != nil, "it connected")
}

func testTLSClientCertificate() {
	server("tls_verify")
	nc, _ := connect(trusting("ca"), nats.ClientCert(certs("client")))
	flush(nc)
	server("tls_map")
	nc, _ = connect(trusting("ca"), nats.ClientCert(certs("client")))
	flush(nc)
}

func testWrongCredentials() {
	refused("alice", "wrong")
	refused("bob", "s3cr3t")
}

func testMissingCredentials() {
	_, _, err := tryConnect()
	need(errors.Is(err, nats.ErrAuthorization), "%v", err)
}

func testToken() {
	server("token")
	nc, _ := connect(nats.Token("t0ken"))
	flush(nc)
	_, _, err := tryConnect(nats.Token("t0kem"))
	need(errors.Is(err, nats.ErrAuthorization), "%v", err)
}

func violation(ev *events, text string) {
	err := wait(ev.errors, "violation")
	need(errors.Is(err, nats.ErrPermissionViolation), "%v", err)
	need(strings.Contains(strings.ToLower(err.Error()), strings.ToLower(text)), "%v, not %s", err, text)
}

func testPermissionPublish() {
	server("permissions")
	nc, ev := connect(nats.UserInfo("worker", "w0rk"))
	sub := subscribe(nc, "open.>")
	for _, subject := range []string{"closed.x", "open.secret"} {
		publish(nc, subject, "x")
		flush(nc)
		violation(ev, `Permissions Violation for Publish to "`+subject+`"`)
	}
	publish(nc, "open.x", "y")
	same(string(next(sub).Data), "y", "message")
}

func testPermissionSubscribe() {
	nc, ev := connect(nats.UserInfo("worker", "w0rk"), nats.PermissionErrOnSubscribe(true))
	sub := subscribe(nc, "closed.x")
	flush(nc)
	violation(ev, `Permissions Violation for Subscription to "closed.x"`)
	_, err := sub.NextMsg(patience)
	need(errors.Is(err, nats.ErrPermissionViolation), "next: %v", err)
	flush(nc)
}

func testPermissionQueue() {
	nc, ev := connect(nats.UserInfo("worker", "w0rk"))
	queueSubscribe(nc, "jobs", "crew")
	flush(nc)
	same(len(ev.errors), 0, "errors of the permitted one")
	queueSubscribe(nc, "jobs", "strangers")
	flush(nc)
	violation(ev, `Permissions Violation for Subscription to "jobs" using queue "strangers"`)
}

func testVerbosePedantic() {
	server("plain")
	nc, _ := connect(func(o *nats.Options) error {
		o.Verbose, o.Pedantic = true, true
		return nil
	})
	sub := subscribe(nc, "v.*")
	for i := 0; i < 20; i++ {
		publish(nc, "v.x", "x")
	}
	flush(nc)
	same(waiting(sub), 20, "deliveries")
	must(sub.Unsubscribe(), "unsubscribe")
	flush(nc)
}

// Let in: it publishes, hears, and is told what it may not.  options() makes them of
// what is in the folder.
func logIn(method string, options func(folder string) []nats.Option) (*nats.Conn, *events) {
	answer := strings.Fields(ask("login " + method))
	url = answer[1]
	nc, ev := connect(options(answer[2])...)
	sub := subscribe(nc, "open.>")
	publish(nc, "open.x", "y")
	same(string(next(sub).Data), "y", "message")
	publish(nc, "closed.x", "x")
	flush(nc)
	violation(ev, `Permissions Violation for Publish to "closed.x"`)
	subscribe(nc, "closed.y")
	flush(nc)
	violation(ev, `Permissions Violation for Subscription to "closed.y"`)
	return nc, ev
}

func mustBeRefused(options ...nats.Option) {
	_, _, err := tryConnect(append(options, nats.NoReconnect())...)
	need(errors.Is(err, nats.ErrAuthorization), "connect: %v", err)
}

func always(options ...nats.Option) func(string) []nats.Option {
	return func(string) []nats.Option { return options }
}

func credsIn(folder string) []nats.Option {
	return []nats.Option{nats.UserCredentials(folder + "/user.creds")}
}

func testLoginBcrypt() {
	logIn("bcrypt", always(nats.UserInfo("worker", "s3cret")))
	mustBeRefused(nats.UserInfo("worker", "wrong"))
}

func testLoginNkey() {
	logIn("nkey", func(folder string) []nats.Option {
		option, err := nats.NkeyOptionFromSeed(folder + "/user.nk")
		must(err, "seed")
		return []nats.Option{option}
	})
	mustBeRefused()
}

func testLoginCreds() {
	logIn("creds", credsIn)
	mustBeRefused()
}

func testLoginCertificate() {
	logIn("certificate", func(folder string) []nats.Option {
		return []nats.Option{nats.RootCAs(folder + "/ca.pem"),
			nats.ClientCert(folder+"/client.pem", folder+"/client.key")}
	})
}

func testLoginNoAuthUser() { logIn("no_auth_user", always()) }

func testLoginCallout() {
	logIn("callout", always(nats.UserInfo("somebody", "s3cret")))
	mustBeRefused(nats.UserInfo("somebody", "wrong"))
}

func cutOff(ev *events, why error) {
	for {
		if errors.Is(wait(ev.errors, why.Error()), why) {
			return
		}
	}
}

func testCutOffAtExpiry() {
	_, ev := logIn("expiring", credsIn)
	cutOff(ev, nats.ErrAuthExpired)
}

func testCutOffWhenRevoked() {
	_, ev := logIn("creds", credsIn)
	ask("revoke")
	cutOff(ev, nats.ErrAuthRevoked)
}

var tests = []struct {
	name string
	test func()
}{
	{"login_bcrypt", testLoginBcrypt}, {"login_nkey", testLoginNkey},
	{"login_creds", testLoginCreds}, {"login_certificate", testLoginCertificate},
	{"login_no_auth_user", testLoginNoAuthUser}, {"login_callout", testLoginCallout},
	{"cut_off_at_expiry", testCutOffAtExpiry},
	{"cut_off_when_revoked", testCutOffWhenRevoked},
	{"connect", testConnect}, {"publish_subscribe", testPublishSubscribe}, {"order", testOrder},
	{"empty_and_binary_payload", testPayloads}, {"wildcards", testWildcards},
	{"queue_group", testQueueGroup}, {"request_one", testRequestOne},
	{"request_many", testRequestMany}, {"headers", testHeaders},
	{"no_responders", testNoResponders}, {"no_echo", testNoEcho},
	{"unsubscribe", testUnsubscribe}, {"unsubscribe_max", testUnsubscribeMax},
	{"drain_subscription", testDrainSubscription}, {"drain_connection", testDrainConnection},
	{"flush_rtt", testFlushRTT}, {"payload_at_limit", testPayloadAtLimit},
	{"payload_over_limit_client", testPayloadOverLimitClient},
	{"payload_over_limit_server", testPayloadOverLimitServer},
	{"many_subscriptions", testManySubscriptions}, {"reconnect", testReconnect},
	{"lame_duck", testLameDuck}, {"user_password", testUserPassword},
	{"wrong_credentials", testWrongCredentials}, {"missing_credentials", testMissingCredentials},
	{"token", testToken}, {"permission_publish", testPermissionPublish},
	{"permission_subscribe", testPermissionSubscribe}, {"permission_queue", testPermissionQueue},
	{"verbose_pedantic", testVerbosePedantic},
	{"tls", testTLS}, {"tls_wrong_authority", testTLSWrongAuthority},
	{"tls_client_certificate", testTLSClientCertificate},
}

// The line of the test that failed, from the stack of its panic.
func lineOf(stack string) string {
	if m := regexp.MustCompile(`main\.test\w+\([^\n]*\n\s+\S*?(\w+\.go:\d+)`).FindStringSubmatch(stack); m != nil {
		return m[1]
	}
	return "?"
}

func run(name string, test func()) {
	defer func() {
		why := recover()
		if why == nil {
			fmt.Println("pass", name)
		} else {
			fmt.Println("fail", name, lineOf(string(debug.Stack())), strings.ReplaceAll(fmt.Sprint(why), "\n", " / "))
		}
		for _, nc := range open {
			nc.Close()
		}
		open = nil
	}()
	test()
}

func main() {
	fmt.Println("version nats.go", nats.Version)
	for _, t := range tests {
		run(t.name, t.test)
	}
}
