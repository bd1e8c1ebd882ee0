// Goal: field lines that two parsers could read differently are refused
// (RFC 9112, 5); everything else arrives in order and unchanged.

import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { assert, either, flow, refused, served, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();
const withField = (field) => (o) => `GET ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\n${field}\r\n\r\n`;
const fieldFirst = (field) => (o) => `GET ${o.url}/ HTTP/1.1\r\n${field}\r\nHost: ${o.authority}\r\n\r\n`;

for (const [name, field] of [
  ['space before the colon', 'X-A : b'],
  ['tab before the colon', 'X-A\t: b'],
  ['space inside the name', 'X A: b'],
  ['empty name', ': b'],
  ['no colon', 'X-A b'],
  ['only a space', ' '],
  ['folding by a space', 'X-A: b\r\n c'],
  ['folding by a tab', 'X-A: b\r\n\tc'],
  ['folding with an empty first line', 'X-A:\r\n b'],
  ['bare CR in the value', 'X-A: b\rc'],
  ['bare CR at the end of the value', 'X-A: b\r'],
  ['bare CR in the name', 'X\rA: b'],
  ['bare LF', 'X-A: b\nX-B: c'],
  ['NUL in the name', 'X\0A: b'],
  ['NUL in the value', 'X-A: b\0c'],
  ['NUL at the end', 'X-A: b\0'],
  ['backspace in the value', 'X-A: b\x08c'],
  ['ESC in the value', 'X-A: \x1b[31m'],
  ['DEL in the value', 'X-A: b\x7fc'],
  ['vertical tab in the value', 'X-A: b\vc'],
  ['form feed in the value', 'X-A: b\fc'],
  ...['"', '(', ')', ',', '/', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}', '\x80', '\xff', '\x7f', '\x01']
    .map((c) => [`${JSON.stringify(c)} in the name`, `X${c}A: b`]),
]) {
  refused(shared, name, 400, withField(field));
}
refused(shared, 'folding of the first field line', 400, fieldFirst(' X: y'));
refused(shared, 'a space between request line and first field', 400, fieldFirst(' '));
refused(shared, 'folding of Host', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\r\nHost:\r\n ${o.authority}\r\n\r\n`);
refused(shared, 'a hidden request behind a bare LF LF', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\nX: y\n\nGET /hidden-request HTTP/1.1\r\n\r\n`);

const FIELDS = [
  'X-First: 1', 'Accept: */*', 'x-lower: a', 'X-UPPER: B', 'X-Same: one',
  'User-Agent: Test/1.0 (comment; "quoted")', 'X-Same: two', 'Referer: http://a.test/b?c',
  'X-Empty:', 'Cookie: a=b; c="d"', 'X-Same: three', "X-Odd!#$%&'*+-.^_`|~1: x",
  'X-Inner: a  b\tc', 'X-Long: ' + 'l'.repeat(4000), 'Authorization: Bearer abc.def',
  'X-Latin: caf\xe9', 'X-Utf8: \xe2\x82\xac \xf0\x9f\x98\x80', 'X-Colons: a:b::c',
  'If-None-Match: "a", W/"b"', 'Range: bytes=0-3', 'Accept-Language: de, en;q=0.5',
  'Cache-Control: no-cache', 'Pragma: no-cache', 'DNT: 1', 'Sec-Fetch-Mode: cors',
  'X-Forwarded-Proto: https', 'Last: z',
];

served(shared, 'order, case, repeats and bytes of unknown fields survive',
  (o) => get(`${o.url}/`, FIELDS), ({ request }) => {
    const want = FIELDS.map((f) => [f.slice(0, f.indexOf(':')), f.slice(f.indexOf(':') + 1).trim()]);
    const names = new Set(want.map(([n]) => n.toLowerCase()));
    /* Which no client knows any more. */
    for (const name of ['expect-ct', 'public-key-pins-report-only'])
      names.add(name);
    const got = request.fields.list.filter(([n]) => names.has(n.toLowerCase()));
    assert.deepEqual(got, want);
  });

served(shared, 'nothing about the client or about us is added',
  (o) => get(`${o.url}/`), ({ request }) => {
    for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Client-IP',
      'X-Forwarded-Host', 'X-Client-IP', 'X-Forwarded-Proto', 'User-Agent', 'Referer',
      'Accept', 'Cookie', 'X-Ziproxy-Flags', 'Cache-Control', 'Pragma']) {
      assert.ok(!request.fields.has(name), `${name}: ${request.get(name)}`);
    }
    assert.ok(!/127\.0\.0\.1(?!:)/.test(request.fields.list
      .filter(([n]) => n.toLowerCase() !== 'host').flat().join(' ')), 'client address');
  });

served(shared, 'whitespace around values is trimmed or kept, never inside',
  withField('X-A:   \t b c \t '), ({ request }) => {
    assert.equal(request.get('x-a'), 'b c');
  });
served(shared, 'no space after the colon', withField('X-A:b'), ({ request }) => {
  assert.equal(request.get('x-a'), 'b');
});

served(shared, 'response fields keep order, case and bytes',
  (o) => get(`${o.url}/`), ({ response }) => {
    const want = [['X-One', '1'], ['x-two', '2'], ['Set-Cookie', 'a=b'],
      ['Set-Cookie', 'c=d; Expires=Wed, 21 Oct 2026 07:28:00 GMT'], ['X-One', 'caf\xe9'],
      ['Server', 'Test/1.0'], ['ETag', '"abc"'], ['Last-Modified', 'Wed, 21 Oct 2015 07:28:00 GMT'],
      ['Content-Security-Policy', "default-src 'self'"],
      ['Strict-Transport-Security', 'max-age=1'], ['X-Last', '']];
    const names = new Set(want.map(([n]) => n.toLowerCase()));
    /* Which no client knows any more. */
    for (const name of ['expect-ct', 'public-key-pins-report-only'])
      names.add(name);
    assert.deepEqual(response.fields.list.filter(([n]) => names.has(n.toLowerCase())), want);
  }, {
    serve: async (c) => {
      await c.request();
      await c.send(answer('ok', {
        fields: ['X-One: 1', 'x-two: 2', 'Set-Cookie: a=b',
          'Set-Cookie: c=d; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'X-One: caf\xe9',
          'Server: Test/1.0', 'ETag: "abc"', 'Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT',
          "Content-Security-Policy: default-src 'self'",
          'Strict-Transport-Security: max-age=1', 'Expect-CT: max-age=1',
          'Public-Key-Pins-Report-Only: pin-sha256="YQ=="', 'X-Last:'],
      }));
    },
  });

flow(shared, 'Date is the origin\'s, and added only when it is missing', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer('ok', origin.requests.length === 1
        ? { fields: ['Date: Wed, 21 Oct 2015 07:28:00 GMT'] } : {}));
    }
  });
  const client = await s.client();
  const dated = await client.ask(`${origin.url}/`);
  assert.deepEqual(dated.all('date'), ['Wed, 21 Oct 2015 07:28:00 GMT']);
  const bare = await client.ask(`${origin.url}/`);
  assert.ok(bare.all('date').length <= 1);
});

either(shared, 'Host is not the first field', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\r\nX-A: b\r\nAccept: */*\r\nHost: ${o.authority}\r\n\r\n`,
  ({ request, origin }) => assert.equal(request.get('host'), origin.authority));
