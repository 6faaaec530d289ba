"""test/lib/callout.py - a program that decides who somebody is (ADR-26)."""
import base64
import json
import threading

from identities import Client

NEVER = 4102444800              # 2100


def claims(token):
    part = token.split('.')[1]
    return json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))


class Service(threading.Thread):
    """Answers every question with answer(request), in a thread of its own."""

    def __init__(self, port, issuer, answer):
        super().__init__(daemon=True)
        self.issuer, self.answer = issuer, answer
        self.client = Client(port, user='auth', **{'pass': 'pwd'})
        self.client.subscribe('$SYS.REQ.USER.AUTH', 1)
        self.client.ping()
        self.client.sock.settimeout(None)
        self.asked = []
        self.start()

    def run(self):
        try:
            while True:
                _, reply, body = self.client.message()
                request = claims(body.decode())
                self.asked.append(request)
                answer = self.answer(request)
                if answer is not None:
                    self.client.publish(reply, answer)
        except (EOFError, OSError):
            pass

    def response(self, request, by=None, audience=None, subject=None, expires=NEVER, **nats):
        nats = {'type': 'authorization_response', 'version': 2, **nats}
        return (by or self.issuer).sign(subject or request['nats']['user_nkey'], nats,
                                        expires=expires,
                                        audience=audience or request['nats']['server_id']['id'])

    def user(self, request, account='APP', by=None, subject=None, expires=NEVER, **nats):
        nats = {'pub': {}, 'sub': {}, 'subs': -1, 'data': -1, 'payload': -1,
                'type': 'user', 'version': 2, **nats}
        return (by or self.issuer).sign(subject or request['nats']['user_nkey'], nats,
                                        name='placed', expires=expires, audience=account)
