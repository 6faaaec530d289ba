"""test/tls/certs.py - certificates, made by openssl when a test wants them.

Nothing is kept: a directory for each run, gone with it.  EC keys, because they are
made in no time; one RSA pair, because most of the world has those.
"""
import atexit
import datetime
import os
import shutil
import subprocess
import tempfile

_dir = None


def directory():
    global _dir
    if _dir is None:
        _dir = tempfile.mkdtemp(prefix='certs-')
        atexit.register(shutil.rmtree, _dir, True)
    return _dir


def openssl(*args, stdin=None):
    got = subprocess.run(('openssl',) + args, cwd=directory(), input=stdin,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if got.returncode != 0:
        raise RuntimeError('openssl %s: %s' % (' '.join(args), got.stderr.decode()))
    return got.stdout


class Pair:
    """cert and key are paths; an authority signs others."""

    def __init__(self, name):
        self.cert = os.path.join(directory(), name + '.pem')
        self.key = os.path.join(directory(), name + '.key')

    def der(self):
        return openssl('x509', '-in', self.cert, '-outform', 'der')

    def spki(self):
        """Of the public key, as pinned_certs wants it."""
        pub = openssl('x509', '-in', self.cert, '-noout', '-pubkey')
        der = openssl('pkey', '-pubin', '-outform', 'der', stdin=pub)
        return openssl('dgst', '-sha256', '-hex', stdin=der).decode().split()[-1]


def new_key(pair, kind):
    if kind == 'rsa':
        openssl('genrsa', '-out', pair.key, '2048')
    else:
        openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256',
                '-out', pair.key)


def stamp(days):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return t.strftime('%Y%m%d%H%M%SZ')


def make(name, subject, issuer=None, names='', eku='', is_ca=False, days=(-1, 30),
         kind='ec', multivalue=False):
    """issuer None: signed by itself."""
    pair = Pair(name)
    new_key(pair, kind)
    lines = ['basicConstraints=critical,CA:%s' % ('TRUE' if is_ca else 'FALSE')]
    if names:
        lines.append('subjectAltName=' + names)
    if eku:
        lines.append('extendedKeyUsage=' + eku)
    ext = pair.cert + '.ext'
    with open(ext, 'w', encoding='utf-8') as f:
        f.write('\n'.join(lines) + '\n')
    csr = pair.cert + '.csr'
    openssl('req', '-new', '-utf8', '-key', pair.key, '-out', csr, '-subj', subject,
            *(['-multivalue-rdn'] if multivalue else []))
    # Only `openssl ca` can sign with a past or a future date.
    db = tempfile.mkdtemp(dir=directory())
    open(os.path.join(db, 'index'), 'w', encoding='ascii').close()
    conf = os.path.join(db, 'conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write('[ca]\ndefault_ca=x\n[x]\ndatabase=%s/index\nnew_certs_dir=%s\n'
                'rand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n'
                'string_mask=utf8only\nutf8=yes\npreserve=yes\n'
                '[p]\n%s\n' % (db, db, '\n'.join(
                    k + '=optional' for k in (
                        'countryName', 'stateOrProvinceName', 'localityName',
                        'organizationName', 'organizationalUnitName', 'commonName',
                        'emailAddress', 'domainComponent'))))
    by = issuer or pair
    openssl('ca', '-batch', '-notext', '-config', conf, '-in', csr, '-out', pair.cert,
            '-preserveDN', '-keyfile', by.key, '-extfile', ext, '-startdate', stamp(days[0]),
            '-enddate', stamp(days[1]),
            *(['-cert', by.cert] if issuer else ['-selfsign']))
    return pair


_made = {}


def get(name):
    """The certificates the tests share, each made once."""
    if name not in _made:
        _made[name] = _recipes[name]()
    return _made[name]


HERE = 'DNS:localhost,IP:127.0.0.1'

_recipes = {
    'ca': lambda: make('ca', '/CN=ca', is_ca=True),
    'other-ca': lambda: make('other-ca', '/CN=other', is_ca=True),
    'server': lambda: make('server', '/O=Acme/CN=server', get('ca'), HERE),
    'server-2': lambda: make('server-2', '/O=Acme/CN=second', get('ca'), HERE),
    'server-rsa': lambda: make('server-rsa', '/CN=rsa', get('ca'), HERE, kind='rsa'),
    'server-a': lambda: make('server-a', '/CN=a', get('ca'), 'DNS:a.example.org'),
    'server-b': lambda: make('server-b', '/CN=b', get('ca'), 'DNS:*.b.example.org'),
    'client': lambda: make('client', '/C=US/O=Acme/OU=a/OU=b/CN=bob', get('ca'),
                           'DNS:bob.acme.org,email:bob@acme.org', 'clientAuth'),
    'client-2': lambda: make('client-2', '/O=Acme/CN=ann', get('ca'), '', 'clientAuth'),
    'any-use': lambda: make('any-use', '/CN=any', get('ca')),
    'expired': lambda: make('expired', '/CN=old', get('ca'), days=(-30, -1)),
    'not-yet': lambda: make('not-yet', '/CN=young', get('ca'), days=(5, 30)),
    'stranger': lambda: make('stranger', '/CN=stranger', get('other-ca')),
    'wrong-use': lambda: make('wrong-use', '/CN=srv', get('ca'), eku='serverAuth'),
    'self': lambda: make('self', '/CN=self'),
}


def chain(n, padding=0):
    """A client certificate below n authorities, all but the first of them sent."""
    above = get('ca')
    text = ''
    for i in range(n):
        above = make('chain-%d' % i, '/CN=chain %d' % i, above, is_ca=True,
                     names=','.join('DNS:%s%d.org' % ('x' * 50, k) for k in range(padding)))
        with open(above.cert, encoding='ascii') as f:
            text = f.read() + text
    leaf = make('leaf', '/CN=leaf', above, eku='clientAuth')
    with open(leaf.cert, encoding='ascii') as f:
        text = f.read() + text
    with open(leaf.cert, 'w', encoding='ascii') as f:
        f.write(text)
    return leaf
