// The other side of test/compat/jwt/run: what the libraries of nats-server make,
// and what they think of what mote made.
//
//	jwt make    prints cases, one a line, fields parted by tabs
//	jwt check   reads "token NAME TEXT" and "box NAME ..." and says pass or fail
package main

import (
	"bufio"
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	jwtv1 "github.com/nats-io/jwt"
	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func pub(kp nkeys.KeyPair) string { return must(kp.PublicKey()) }

func line(fields ...string) { fmt.Println(strings.Join(fields, "\t")) }

var (
	op, _       = nkeys.CreateOperator()
	opSigner, _ = nkeys.CreateOperator()
	strange, _  = nkeys.CreateOperator()
	acc, _      = nkeys.CreateAccount()
	acc2, _     = nkeys.CreateAccount()
	signer, _   = nkeys.CreateAccount()
	scoped, _   = nkeys.CreateAccount()
	user, _     = nkeys.CreateUser()
	user2, _    = nkeys.CreateUser()
	server, _   = nkeys.CreateServer()
)

// A chain that is sound, for cases to change.
type chain struct {
	operator *jwt.OperatorClaims
	account  *jwt.AccountClaims
	user     *jwt.UserClaims
	opBy     nkeys.KeyPair
	accBy    nkeys.KeyPair
	userBy   nkeys.KeyPair
	nonceBy  nkeys.KeyPair
}

func sound() *chain {
	c := &chain{jwt.NewOperatorClaims(pub(op)), jwt.NewAccountClaims(pub(acc)),
		jwt.NewUserClaims(pub(user)), op, op, acc, user}
	c.operator.Name, c.account.Name, c.user.Name = "O", "shop", "bob"
	c.operator.SigningKeys.Add(pub(opSigner))
	c.account.SigningKeys.Add(pub(signer))
	scope := jwt.NewUserScope()
	scope.Key = pub(scoped)
	scope.Template.Pub.Allow.Add("{{account-name()}}.{{name()}}.{{tag(t)}}")
	scope.Template.Sub.Deny.Add("{{subject()}}", "{{account-subject()}}")
	c.account.SigningKeys.AddScopedSigner(scope)
	c.account.Tags.Add("area:north")
	return c
}

func (c *chain) byScope() {
	c.user.SetScoped(true)
	c.user.IssuerAccount = pub(acc)
	c.user.Tags.Add("t:1", "T:2")
	c.userBy = scoped
}

func login(name, want string, change func(*chain)) {
	c := sound()
	change(c)
	nonce := "ZmFzdGVuY29kZQx"
	sig := base64.RawURLEncoding.EncodeToString(must(c.nonceBy.Sign([]byte(nonce))))
	line("login", name, want, nonce, sig, must(c.operator.Encode(c.opBy)),
		must(c.account.Encode(c.accBy)), must(c.user.Encode(c.userBy)))
}

func logins() {
	hour := func(d time.Duration) string { return time.Now().UTC().Add(d).Format("15:04:05") }
	login("plain", "OK", func(c *chain) {})
	login("operator_signing_key", "OK", func(c *chain) { c.accBy = opSigner })
	login("strict_operator", "NOT_TRUSTED", func(c *chain) { c.operator.StrictSigningKeyUsage = true })
	login("strange_operator", "NOT_TRUSTED", func(c *chain) { c.accBy = strange })
	login("self_signed_account", "NOT_TRUSTED", func(c *chain) { c.accBy = acc })
	login("signing_key", "OK", func(c *chain) { c.userBy = signer; c.user.IssuerAccount = pub(acc) })
	login("unknown_key", "UNKNOWN_ISSUER", func(c *chain) { c.userBy = acc2; c.user.IssuerAccount = pub(acc) })
	login("other_account", "OTHER_ACCOUNT", func(c *chain) { c.userBy = acc2 })
	login("scoped", "OK", func(c *chain) { c.byScope() })
	login("scoped_with_rights", "NOT_EMPTY", func(c *chain) { c.byScope(); c.user.Pub.Allow.Add("a") })
	login("expired", "NOT_NOW", func(c *chain) { c.user.Expires = time.Now().Unix() - 5 })
	login("early", "NOT_NOW", func(c *chain) { c.user.NotBefore = time.Now().Unix() + 500 })
	login("account_expired", "ACCOUNT_EXPIRED", func(c *chain) { c.account.Expires = time.Now().Unix() - 5 })
	login("revoked", "REVOKED", func(c *chain) { c.account.RevokeAt(pub(user), time.Now().Add(time.Hour)) })
	login("all_revoked", "REVOKED", func(c *chain) { c.account.RevokeAt("*", time.Now().Add(time.Hour)) })
	login("revoked_before", "OK", func(c *chain) { c.account.RevokeAt(pub(user), time.Now().Add(-time.Hour)) })
	login("bearer", "OK", func(c *chain) { c.user.BearerToken = true; c.nonceBy = user2 })
	login("bearer_forbidden", "BEARER", func(c *chain) {
		c.user.BearerToken = true
		c.account.Limits.DisallowBearer = true
	})
	login("wrong_signature", "BAD_SIGNATURE", func(c *chain) { c.nonceBy = user2 })
	login("source", "OK", func(c *chain) { c.user.Src.Set("192.168.0.0/16,10.0.0.0/8") })
	login("wrong_source", "BAD_SOURCE", func(c *chain) { c.user.Src.Set("192.168.0.0/16") })
	login("hours", "OK", func(c *chain) {
		c.user.Locale = "UTC"
		c.user.Times = []jwt.TimeRange{{Start: hour(-time.Hour), End: hour(time.Hour)}}
	})
	login("wrong_hours", "BAD_HOUR", func(c *chain) {
		c.user.Locale = "UTC"
		c.user.Times = []jwt.TimeRange{{Start: hour(time.Hour), End: hour(2 * time.Hour)}}
	})
	login("connection", "OK", func(c *chain) { c.user.AllowedConnectionTypes.Add(jwt.ConnectionTypeStandard) })
	login("wrong_connection", "CONNECTION_TYPE", func(c *chain) {
		c.user.AllowedConnectionTypes.Add(jwt.ConnectionTypeMqtt)
	})
	login("bad_permission", "BAD_CLAIMS", func(c *chain) { c.user.Pub.Allow.Add("a..b") })
}

func oldLogin() {
	o, a, u := jwtv1.NewOperatorClaims(pub(op)), jwtv1.NewAccountClaims(pub(acc)), jwtv1.NewUserClaims(pub(user))
	a.SigningKeys.Add(pub(signer))
	u.IssuerAccount = pub(acc)
	u.Permissions.Pub.Allow.Add("old.>")
	nonce := "ZmFzdGVuY29kZQx"
	line("login", "version_1", "OK", nonce,
		base64.RawURLEncoding.EncodeToString(must(user.Sign([]byte(nonce)))),
		must(o.Encode(op)), must(a.Encode(op)), must(u.Encode(signer)))
}

func activation(name, want string, change func(*jwt.ActivationClaims) nkeys.KeyPair) {
	exporter, importer := sound().account, jwt.NewAccountClaims(pub(acc2))
	exporter.Exports.Add(&jwt.Export{Subject: "a.>", Type: jwt.Stream, TokenReq: true})
	a := jwt.NewActivationClaims(pub(acc2))
	a.ImportSubject, a.ImportType = "a.>", jwt.Stream
	by := change(a)
	importer.Imports.Add(&jwt.Import{Subject: "a.b", Account: pub(acc), Type: jwt.Stream,
		Token: must(a.Encode(by))})
	line("activation", name, want, must(importer.Encode(op)), must(exporter.Encode(op)))
}

func activations() {
	activation("activation", "opens", func(a *jwt.ActivationClaims) nkeys.KeyPair { return acc })
	activation("activation_signing_key", "opens", func(a *jwt.ActivationClaims) nkeys.KeyPair {
		a.IssuerAccount = pub(acc)
		return signer
	})
	activation("activation_expired", "closed", func(a *jwt.ActivationClaims) nkeys.KeyPair {
		a.Expires = time.Now().Unix() - 5
		return acc
	})
	activation("activation_by_importer", "closed", func(a *jwt.ActivationClaims) nkeys.KeyPair { return acc2 })
	activation("activation_for_other", "closed", func(a *jwt.ActivationClaims) nkeys.KeyPair {
		a.Subject = pub(signer)
		return acc
	})
	activation("activation_other_subject", "closed", func(a *jwt.ActivationClaims) nkeys.KeyPair {
		a.ImportSubject = "b.>"
		return acc
	})
}

// What the library itself finds wrong.
func issues(name string, change func(*jwt.AccountClaims)) {
	a := jwt.NewAccountClaims(pub(acc))
	change(a)
	token := must(a.Encode(op))
	vr := jwt.CreateValidationResults()
	must(jwt.DecodeAccountClaims(token)).Validate(vr)
	fields := []string{"issues", name, token}
	for _, i := range vr.Issues {
		fields = append(fields, fmt.Sprintf("%t %t %s", i.Blocking, i.TimeCheck, i.Description))
	}
	line(fields...)
}

func allIssues() {
	issues("issues_none", func(a *jwt.AccountClaims) {})
	issues("issues_expired", func(a *jwt.AccountClaims) { a.Expires = 5 })
	issues("issues_to", func(a *jwt.AccountClaims) {
		a.Imports.Add(&jwt.Import{Subject: "a", Account: pub(acc2), Type: jwt.Stream, To: "p"})
	})
	issues("issues_reference", func(a *jwt.AccountClaims) {
		a.Imports.Add(&jwt.Import{Subject: "a.*", Account: pub(acc2), Type: jwt.Stream, LocalSubject: "b"})
	})
	issues("issues_export", func(a *jwt.AccountClaims) {
		a.Exports.Add(&jwt.Export{Subject: "a.>", Type: jwt.Stream, ResponseThreshold: -1},
			&jwt.Export{Subject: "a.b", Type: jwt.Stream})
	})
	issues("issues_subject", func(a *jwt.AccountClaims) {
		a.Exports.Add(&jwt.Export{Subject: ".a..b \"c\"", Type: jwt.Service})
	})
	issues("issues_mapping", func(a *jwt.AccountClaims) {
		a.AddMapping("a", jwt.WeightedMapping{Subject: "b", Weight: 90}, jwt.WeightedMapping{Subject: "c", Weight: 20})
	})
	issues("issues_permission", func(a *jwt.AccountClaims) {
		a.DefaultPermissions.Pub.Allow.Add("a q")
		a.DefaultPermissions.Sub.Allow.Add("a q")
	})
	issues("issues_traffic", func(a *jwt.AccountClaims) { a.ClusterTraffic = "mine" })
	issues("issues_url", func(a *jwt.AccountClaims) { a.InfoURL = "nowhere" })
}

func files() {
	u := jwt.NewUserClaims(pub(user))
	token := must(u.Encode(acc))
	seed := must(user.Seed())
	text := must(jwt.FormatUserConfig(token, seed))
	line("creds", "creds", base64.StdEncoding.EncodeToString(text), token, string(seed))
	decorated := must(jwt.DecorateJWT(token))
	line("creds", "decorated", base64.StdEncoding.EncodeToString(decorated), token, "")
}

// The keys of the box are in test/compat/jwt/judge.c as well: seeds of 1 and 2.
func curve(fill byte) nkeys.KeyPair {
	var seed [32]byte
	for i := range seed {
		seed[i] = fill
	}
	return must(nkeys.FromCurveSeed(must(nkeys.EncodeSeed(nkeys.PrefixByteCurve, seed[:]))))
}

func boxes() {
	for i, text := range []string{"", "x", strings.Repeat("long ", 1000)} {
		box := must(curve(1).Seal([]byte(text), pub(curve(2))))
		line("box", fmt.Sprint("box_", i), pub(curve(1)), base64.StdEncoding.EncodeToString(box),
			base64.StdEncoding.EncodeToString([]byte(text)))
	}
}

func verdict(name string, err error) {
	if err != nil {
		fmt.Printf("fail %s %v\n", name, err)
	} else {
		fmt.Println("pass", name)
	}
}

func checkToken(name, token string) error {
	claims, err := jwt.Decode(token)
	if err != nil {
		return err
	}
	vr := jwt.CreateValidationResults()
	claims.Validate(vr)
	if !vr.IsEmpty() {
		return fmt.Errorf("%v", vr.Issues[0])
	}
	data := *claims.Claims()
	id := data.ID
	data.ID = ""
	sum := sha512.Sum512_256(must(json.Marshal(data)))
	if want := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]); id != want {
		return fmt.Errorf("jti is %s, not %s", id, want)
	}
	if r, ok := claims.(*jwt.AuthorizationRequestClaims); ok {
		got := fmt.Sprint(r.Server.Name, r.Server.Tags, r.ClientInformation.ID, r.ClientInformation.Kind,
			r.ConnectOptions.Password, r.ConnectOptions.Protocol, r.TLS.VerifiedChains, r.Audience)
		want := `srv[a b]7Clientp"<>&w1[[PEM]]nats-authorization-request`
		if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			return fmt.Errorf("reads %q", got)
		}
	}
	return nil
}

func checkBox(from, box, plain string) error {
	got, err := curve(2).Open(must(base64.StdEncoding.DecodeString(box)), from)
	if err == nil && base64.StdEncoding.EncodeToString(got) != plain {
		err = fmt.Errorf("it holds %q", got)
	}
	return err
}

func check() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		f := strings.Split(in.Text(), "\t")
		switch f[0] {
		case "token":
			verdict(f[1], checkToken(f[1], f[2]))
		case "box":
			verdict(f[1], checkBox(f[2], f[3], f[4]))
		}
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "check" {
		check()
		return
	}
	logins()
	oldLogin()
	activations()
	allIssues()
	files()
	boxes()
}
