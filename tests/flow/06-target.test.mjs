// Goal: what is asked for has one reading (RFC 9112, 3.2; RFC 9110, 4.2 and
// 7.2): target and Host agree or the target wins, and no path is rewritten.

import { get } from '../support/client.mjs';
import { answer } from '../support/origin.mjs';
import { assert, either, flow, refused, served, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();
const raw = (target, host, { method = 'GET', version = '1.1' } = {}) => (o) => {
  const t = typeof target === 'function' ? target(o) : target;
  const h = typeof host === 'function' ? host(o) : host;
  const lines = [h ?? o.authority].flat().map((v) => `Host: ${v}\r\n`).join('');
  return `${method} ${t} HTTP/${version}\r\n${lines}\r\n`;
};

// Host: exactly one, and valid (RFC 9112, 3.2: 400 otherwise).
refused(shared, 'no Host in HTTP/1.1', 400, (o) => `GET ${o.url}/ HTTP/1.1\r\n\r\n`);
refused(shared, 'two Host fields', 400, raw((o) => `${o.url}/`, (o) => [o.authority, 'evil.test']));
refused(shared, 'two equal Host fields', 400, raw((o) => `${o.url}/`, (o) => [o.authority, o.authority]));
refused(shared, 'two Host fields in HTTP/1.0', 400,
  raw((o) => `${o.url}/`, (o) => [o.authority, 'evil.test'], { version: '1.0' }));
for (const [name, host] of [
  ['with a path', 'a.test/b'], ['with userinfo', 'u@a.test'], ['with a space', 'a.test b'],
  ['a list', 'a.test, b.test'], ['with a fragment', 'a.test#b'], ['with a query', 'a.test?b'],
  ['with a scheme', 'http://a.test'], ['with an empty port and junk', 'a.test:x'],
  ['with a port too large', 'a.test:65536'], ['with a negative port', 'a.test:-1'],
  ['with two ports', 'a.test:80:80'], ['with a bracket', '[a.test'], ['with half a bracket', '[::1'],
  ['with junk behind brackets', '[::1]x'], ['with a backslash', 'a.test\\b'],
  ['with a high byte', 'caf\xe9.test'], ['with a quote', 'a"b.test'],
  ['with angle brackets', '<a.test>'], ['with a tab', 'a\ttest'],
]) {
  refused(shared, `Host ${name}`, 400, raw((o) => `${o.url}/`, host));
}

// RFC 9112, 3.2.2: with absolute-form a proxy replaces Host by the target's.
for (const [name, host] of [
  ['another name', 'other.test'], ['another port', '127.0.0.1:1'], ['an empty value', ''],
  // Of RFC 3986's grammar, though no host is called so.
  ['with a percent', 'a%2ftest'], ['with two dots', 'a..test'], ['of one dot', '.'],
  ['of more than 255 letters', `${'a'.repeat(60)}.`.repeat(5) + 'test'],
  ['with a zone', '[fe80::1%25eth0]'], ['with a comma', 'a,b'], ['with a semicolon', 'a.test;b'],
]) {
  either(shared, `Host is ${name}, the target wins`, 400, raw((o) => `${o.url}/x`, host),
    ({ request, origin }) => {
      assert.deepEqual(request.all('host'), [origin.authority]);
      assert.equal(request.target, '/x');
    });
}

for (const [name, target] of [
  ['userinfo', (o) => `http://user@${o.authority}/`],
  ['userinfo with a password', (o) => `http://user:pass@${o.authority}/`],
  ['empty userinfo', (o) => `http://@${o.authority}/`],
  ['userinfo that looks like a host', (o) => `http://a.test:80@${o.authority}/`],
  ['two at signs', (o) => `http://a@b@${o.authority}/`],
  ['backslash before the at sign', (o) => `http://a.test\\@${o.authority}/`],
  ['backslash as slash', (o) => `http://${o.authority}\\a/`],
  ['backslashes as slashes', (o) => `http:\\\\${o.authority}/`],
  ['no host', () => 'http:///a'],
  ['only a port', (o) => `http://:${o.port}/`],
  ['one slash', (o) => `http:/${o.authority}/`],
  ['no slash', (o) => `http:${o.authority}/`],
  ['three slashes', (o) => `http:///${o.authority}/`],
  ['port zero', () => 'http://127.0.0.1:0/'],
  ['port 65536', () => 'http://127.0.0.1:65536/'],
  ['port that wraps', (o) => `http://127.0.0.1:${o.port + 65536}/`],
  ['port of letters', () => 'http://127.0.0.1:http/'],
  ['port with a sign', (o) => `http://127.0.0.1:+${o.port}/`],
  ['negative port', () => 'http://127.0.0.1:-1/'],
  ['port with a space', () => 'http://127.0.0.1:%2080/'],
  ['two ports', (o) => `http://${o.authority}:80/`],
  ['a port of a thousand digits', () => `http://127.0.0.1:${'0'.repeat(1000)}80/`],
  ['percent in the host', (o) => `http://127.0.0.%31:${o.port}/`],
  ['percent-encoded colon', (o) => `http://127.0.0.1%3a${o.port}/`],
  ['percent-encoded NUL', (o) => `http://127.0.0.1%00.test:${o.port}/`],
  ['bracket without an end', () => 'http://[::1/'],
  ['name in brackets', (o) => `http://[localhost]:${o.port}/`],
  ['IPv4 in brackets', (o) => `http://[127.0.0.1]:${o.port}/`],
  ['junk behind brackets', (o) => `http://[::1]x:${o.port}/`],
  ['IPv6 without brackets', () => 'http://::1/'],
  ['zone in IPv6', (o) => `http://[::1%25lo]:${o.port}/`],
  ['IPv6 of nine groups', () => 'http://[1:2:3:4:5:6:7:8:9]/'],
  ['IPvFuture', () => 'http://[v1.a:b]/'],
  ['host with a space', () => 'http://a%20b.test/'],
  ['host with a high byte', () => 'http://caf\xe9.test/'],
  ['host with a comma', () => 'http://a,b.test/'],
  ['host with a semicolon', (o) => `http://127.0.0.1;${o.port}/`],
  ['host with a quote', () => "http://a'b\".test/"],
  ['host of 300 letters', () => `http://${'a'.repeat(300)}.test/`],
  ['label of 64 letters', () => `http://${'a'.repeat(64)}.test/`],
  ['empty label', () => 'http://a..test/'],
  ['leading dot', () => 'http://.test/'],
  ['fragment only', (o) => `${o.url}/#`],
  ['fragment without a path', (o) => `${o.url}#x`],
  ['high byte in the path', (o) => `${o.url}/caf\xe9`],
  ['ftp', (o) => `ftp://${o.authority}/`],
  ['file', () => 'file:///etc/passwd'],
  ['gopher', (o) => `gopher://${o.authority}/`],
  ['javascript', () => 'javascript:alert(1)'],
  ['data', () => 'data:,x'],
  ['ws', (o) => `ws://${o.authority}/`],
  ['urn', () => 'urn:a:b'],
  ['cache_object', (o) => `cache_object://${o.authority}/info`],
  ['scheme without anything', () => 'http:'],
  ['scheme and slashes', () => 'http://'],
  ['scheme with a space', (o) => `http%3a//${o.authority}/`],
  ['scheme with an underscore', (o) => `ht_tp://${o.authority}/`],
  ['relative path', () => 'a/b'],
  ['dot path', () => './a'],
  ['query only', () => '?a'],
  ['authority-form for GET', (o) => o.authority],
  ['asterisk-form for GET', () => '*'],
]) {
  refused(shared, `target: ${name}`, [400, 403, 404, 421, 501, 502], raw(target), {
    connects: false, closes: false,
    check: ({ response }) => {
      // Not found and forbidden are only for what parses; 502 for other schemes.
      if (/userinfo|backslash|port|bracket|fragment|slash/.test(name) && name !== 'port zero') {
        assert.equal(response.status, 400);
      }
    },
  });
}

// https through the plain port would be TLS taken off by nobody asked for.
refused(shared, 'target: https in the clear', [400, 403, 421, 501, 502, 505],
  raw((o) => `https://${o.authority}/`), { closes: false });

for (const path of [
  '/', '/a', '/a/../b', '/a/./b', '/..', '/../../etc/passwd', '//', '//a//b', '/a//../b',
  '/%2e%2e/%2E', '/a%2fb', '/%41%4a', '/%zz', '/%', '/a;b=c', '/a?b', '/?', '/??', '/?a=b&c=d?e',
  '/a+b', "/a'b", '/(a)', '/a,b', '/~u', '/$&*!', '/a:b', '/a@b', '/|', '/[a]', '/{a}', '/^', '/`',
  '/a\\b', '/"a"', '/<a>', '/a?http://b.test/', '/http://b.test/', '/a?x=%0d%0aX:y', '/a%00b',
  `/${'p'.repeat(3000)}`, '/?' + 'q'.repeat(3000),
]) {
  const check = ({ request }) => assert.equal(request.target, path);
  // RFC 3986 has no quotes or brackets in paths; browsers send some of them.
  if (/["<>\\^`{|}]/.test(path)) {
    either(shared, `path ${path} is not rewritten`, 400, raw((o) => `${o.url}${path}`), check);
  } else {
    served(shared, `path ${path.slice(0, 40)} is not rewritten`, raw((o) => `${o.url}${path}`), check);
  }
}

served(shared, 'no path becomes "/"', raw((o) => o.url), ({ request }) => assert.equal(request.target, '/'));
served(shared, 'no path but a query', raw((o) => `${o.url}?a=b`),
  ({ request }) => assert.equal(request.target, '/?a=b'));
served(shared, 'scheme in capitals', raw((o) => `HTTP://${o.authority}/x`),
  ({ request }) => assert.equal(request.target, '/x'));
flow(shared, 'an empty port is the scheme\'s or 400 (RFC 9110, 4.2.3)', async (s) => {
  // Whoever listens on port 80 here may answer: it is only not the origin.
  const origin = await s.origin();
  const client = await s.client();
  await client.send(raw('http://127.0.0.1:/')(origin));
  assert.ok(await client.response());
  assert.equal(origin.connections, 0);
});
served(shared, 'OPTIONS without a path is asterisk-form',
  raw((o) => o.url, undefined, { method: 'OPTIONS' }),
  ({ request }) => assert.equal(request.target, '*'));
served(shared, 'OPTIONS with a path is origin-form',
  raw((o) => `${o.url}/`, undefined, { method: 'OPTIONS' }),
  ({ request }) => assert.equal(request.target, '/'));

flow(shared, 'OPTIONS * is answered here', async (s) => {
  const client = await s.client();
  await client.send(`OPTIONS * HTTP/1.1\r\nHost: ${shared.it.authority}\r\n\r\n`);
  const response = await client.response();
  assert.ok([200, 204, 400, 404, 405].includes(response.status), `${response.status}`);
  assert.ok(response.complete);
});

flow(shared, 'origin-form for another host goes nowhere', async (s) => {
  const origin = await s.origin();
  for (const host of [origin.authority, 'example.org', `127.0.0.1:${origin.port}`]) {
    const client = await s.client();
    await client.send(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const response = await client.response();
    assert.ok(response.status >= 400 && response.status < 500, `${response.status}`);
  }
  assert.equal(origin.connections, 0);
});

flow(shared, 'X-Forwarded-Host, X-Original-URL and the like route nothing', async (s) => {
  const origin = await s.origin();
  const other = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/a`, [
    `X-Forwarded-Host: ${other.authority}`, 'X-Original-URL: /admin', 'X-Rewrite-URL: /admin',
    `Forwarded: host=${other.authority}`, 'X-HTTP-Method-Override: DELETE',
    `Destination: ${other.url}/`]);
  assert.equal(response.status, 200);
  assert.equal(origin.requests[0].target, '/a');
  assert.equal(origin.requests[0].method, 'GET');
  assert.equal(other.connections, 0);
});

flow(shared, 'requests for two origins on one connection reach both', async (s) => {
  const a = await s.origin(async (c) => { while (await c.request()) await c.send(answer('A')); });
  const b = await s.origin(async (c) => { while (await c.request()) await c.send(answer('B')); });
  const client = await s.client();
  for (let i = 0; i < 6; i += 1) {
    const one = i % 2 ? b : a;
    const response = await client.ask(`${one.url}/${i}`);
    assert.equal(response.text, i % 2 ? 'B' : 'A');
  }
  assert.deepEqual(a.requests.map((r) => r.target), ['/0', '/2', '/4']);
});

served(shared, 'the default port is left out of Host or written as asked',
  (o) => get(`${o.url}/`), ({ request, origin }) => {
    assert.equal(request.get('host'), origin.authority);
  });
