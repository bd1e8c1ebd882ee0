// Goal: a request line that two parsers could read differently is refused
// (RFC 9112, 3); foreign protocols on the port get an answer or an end.

import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import {
  HIDDEN, assert, either, flow, refused, served, sharedProxy,
} from '../support/flow.mjs';

const shared = sharedProxy();
const line = (make) => (o) => `${make(o.url)}\r\nHost: ${o.authority}\r\n\r\n`;

for (const [name, status, make] of [
  ['two spaces before the target', 400, (u) => `GET  ${u}/ HTTP/1.1`],
  ['two spaces before the version', 400, (u) => `GET ${u}/  HTTP/1.1`],
  ['tab before the target', 400, (u) => `GET\t${u}/ HTTP/1.1`],
  ['tab before the version', 400, (u) => `GET ${u}/\tHTTP/1.1`],
  ['vertical tab as separator', 400, (u) => `GET\v${u}/ HTTP/1.1`],
  ['form feed as separator', 400, (u) => `GET ${u}/\fHTTP/1.1`],
  ['leading space', 400, (u) => ` GET ${u}/ HTTP/1.1`],
  ['leading tab', 400, (u) => `\tGET ${u}/ HTTP/1.1`],
  ['trailing space', 400, (u) => `GET ${u}/ HTTP/1.1 `],
  ['trailing tab', 400, (u) => `GET ${u}/ HTTP/1.1\t`],
  ['space in the target', 400, (u) => `GET ${u}/a b HTTP/1.1`],
  ['second version in the target', 400, (u) => `GET ${u}/ HTTP/1.1 HTTP/1.1`],
  ['no target', 400, () => 'GET HTTP/1.1'],
  ['empty target', 400, () => 'GET  HTTP/1.1'],
  ['no method', 400, (u) => `${u}/ HTTP/1.1`],
  ['method with a colon', 400, (u) => `GE:T ${u}/ HTTP/1.1`],
  ['method with a slash', 400, (u) => `G/T ${u}/ HTTP/1.1`],
  ['method in quotes', 400, (u) => `"GET" ${u}/ HTTP/1.1`],
  ['method with a comma', 400, (u) => `GET, ${u}/ HTTP/1.1`],
  ['method with brackets', 400, (u) => `G[E]T ${u}/ HTTP/1.1`],
  ['method with a high byte', 400, (u) => `G\xcbT ${u}/ HTTP/1.1`],
  ['method with DEL', 400, (u) => `GET\x7f ${u}/ HTTP/1.1`],
  ['method with NUL', 400, (u) => `GE\0T ${u}/ HTTP/1.1`],
  ['NUL in the target', 400, (u) => `GET ${u}/a\0b HTTP/1.1`],
  ['NUL after the version', 400, (u) => `GET ${u}/ HTTP/1.1\0`],
  ['DEL in the target', 400, (u) => `GET ${u}/a\x7fb HTTP/1.1`],
  ['ESC in the target', 400, (u) => `GET ${u}/a\x1bb HTTP/1.1`],
  ['bare CR in the target', 400, (u) => `GET ${u}/\rX HTTP/1.1`],
  ['bare CR as separator', 400, (u) => `GET\r${u}/ HTTP/1.1`],
  ['bare CR before the version', 400, (u) => `GET ${u}/\rHTTP/1.1`],
  ['CR CR LF at the end', 400, (u) => `GET ${u}/ HTTP/1.1\r`],
  ['fragment', 400, (u) => `GET ${u}/a#b HTTP/1.1`],
  ['version in lower case', 400, (u) => `GET ${u}/ http/1.1`],
  ['version in mixed case', 400, (u) => `GET ${u}/ Http/1.1`],
  ['version without digits', 400, (u) => `GET ${u}/ HTTP/`],
  ['version without a minor', 400, (u) => `GET ${u}/ HTTP/1`],
  ['version with an empty minor', 400, (u) => `GET ${u}/ HTTP/1.`],
  ['version with two minor digits', 400, (u) => `GET ${u}/ HTTP/1.10`],
  ['version with a leading zero', 400, (u) => `GET ${u}/ HTTP/01.1`],
  ['version with a sign', 400, (u) => `GET ${u}/ HTTP/+1.1`],
  ['version with a comma', 400, (u) => `GET ${u}/ HTTP/1,1`],
  ['version with a space', 400, (u) => `GET ${u}/ HTTP/1. 1`],
  ['version with a space after the slash', 400, (u) => `GET ${u}/ HTTP/ 1.1`],
  ['version with letters', 400, (u) => `GET ${u}/ HTTP/1.x`],
  ['version with three parts', 400, (u) => `GET ${u}/ HTTP/1.1.1`],
  ['version that overflows', 400, (u) => `GET ${u}/ HTTP/4294967297.1`],
  ['other protocol name', 400, (u) => `GET ${u}/ HTTPS/1.1`],
  ['ICY', 400, (u) => `GET ${u}/ ICY/1.1`],
  ['RTSP', 400, (u) => `DESCRIBE ${u}/ RTSP/1.0`],
  ['HTTP/2.0', 505, (u) => `GET ${u}/ HTTP/2.0`],
  ['HTTP/3.0', 505, (u) => `GET ${u}/ HTTP/3.0`],
  ['HTTP/0.9 by name', [400, 505], (u) => `GET ${u}/ HTTP/0.9`],
  ['HTTP/9.9', [400, 505], (u) => `GET ${u}/ HTTP/9.9`],
]) {
  refused(shared, name, status, line(make));
}

refused(shared, 'HTTP/0.9 without a version', [400, 505, null],
  (o) => `GET ${o.url}/\r\n\r\n`);
refused(shared, 'line ends in a bare LF', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\nHost: ${o.authority}\r\n\r\n`);
refused(shared, 'all lines end in bare LF', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\nHost: ${o.authority}\n\n`);
refused(shared, 'header section ends in a bare LF', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\n\n`);
refused(shared, 'line ends in LF CR', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\n\rHost: ${o.authority}\n\r\n\r`);
refused(shared, 'bare CR line ends', [400, 408, null],
  (o) => `GET ${o.url}/ HTTP/1.1\rHost: ${o.authority}\r\r\n\r\n`);
refused(shared, 'a hidden request in the request line', 400,
  (o) => `GET ${o.url}/ HTTP/1.1\nHost: ${o.authority}\n\n` +
    `GET ${o.url}${HIDDEN} HTTP/1.1\r\nHost: ${o.authority}\r\n\r\n`);

// RFC 9112, 2.2: at least one empty line before the request line is ignored.
served(shared, 'one empty line before the request line',
  (o) => ['\r\n', get(`${o.url}/`)]);
either(shared, 'several empty lines before the request line', [400, null],
  (o) => ['\r\n\r\n\r\n', get(`${o.url}/`)]);
refused(shared, 'bare LF before the request line', 400,
  (o) => ['\n', get(`${o.url}/`)]);
refused(shared, 'bare CR before the request line', 400,
  (o) => ['\r', get(`${o.url}/`)]);
refused(shared, 'NUL before the request line', 400,
  (o) => ['\0', get(`${o.url}/`)]);
refused(shared, 'byte order mark before the request line', 400,
  (o) => ['\xef\xbb\xbf', get(`${o.url}/`)]);

// A minor version above is read as the highest we know (RFC 9110, 2.5), and
// what goes on is our own version.
for (const version of ['1.2', '1.9']) {
  either(shared, `HTTP/${version}`, [400, 505],
    (o) => get(`${o.url}/`, [], { version }), ({ request, response }) => {
      assert.equal(request.version, '1.1');
      assert.equal(response.version, '1.1');
    });
}

served(shared, 'HTTP/1.0 with Host', (o) => get(`${o.url}/`, [], { version: '1.0' }),
  ({ request, response, origin }) => {
    assert.equal(request.get('host'), origin.authority);
    assert.ok(response.framing !== 'chunked');
  }, { sent: '1.0' });
served(shared, 'HTTP/1.0 without Host',
  (o) => `GET ${o.url}/x HTTP/1.0\r\n\r\n`, ({ request, origin }) => {
    assert.equal(request.target, '/x');
    assert.equal(request.get('host'), origin.authority);
  }, { sent: '1.0' });

for (const method of ['A', 'GETT', 'X'.repeat(20), "!#$%&'*+-.^_`|~09aZ", 'PROPFIND', 'Get', 'QUERY']) {
  served(shared, `method ${method} keeps its spelling`,
    (o) => get(`${o.url}/`, [], { method }), ({ request }) => {
      assert.equal(request.method, method);
    });
}

served(shared, 'a request that comes byte by byte', (o) => {
  const all = get(`${o.url}/slowly?x=1`, ['X-A: b'], { method: 'POST', body: 'hello' });
  return [...all].flatMap((b) => [Buffer.from([b]), 1]);
}, ({ request }) => {
  assert.equal(request.target, '/slowly?x=1');
  assert.equal(request.text, 'hello');
});

served(shared, 'a request cut at every line end', (o) => [
  `GET ${o.url}/ HTTP/1.1\r`, 20, '\nHost: ', 20, `${o.authority}\r`, 20, '\n\r', 20, '\n',
]);

// Foreign protocols: an answer that is no success, or an end; and no harm.
for (const [name, data] of [
  ['a TLS ClientHello', Buffer.from('16030100c8010000c40303' + '5a'.repeat(100), 'hex')],
  ['an SSLv2 hello', Buffer.from('802e0100020015000000100100800200800300', 'hex')],
  ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
  ['SOCKS5', '\x05\x01\0\x05\x01\0\x01\x7f\0\0\x01\0\x50'],
  ['SOCKS4', '\x04\x01\0\x50\x7f\0\0\x01user\0'],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['SMTP', 'EHLO example.org\r\nMAIL FROM:<a@b>\r\n\r\n'],
  ['an SMB header', '\0\0\0\x85\xffSMB\x72\0\0\0\0'],
  ['the PROXY protocol', 'PROXY TCP4 127.0.0.2 127.0.0.1 1 2\r\n\r\n'],
  ['PROXY protocol 2', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x02\x7f\0\0\x01\0\x01\0\x02'],
  ['a Redis command', '*1\r\n$4\r\nPING\r\n\r\n'],
  ['only line ends', '\r\n'.repeat(500) + 'x\r\n\r\n'],
  ['only high bytes', '\xff'.repeat(500) + '\r\n\r\n'],
  ['only NUL', '\0'.repeat(500) + '\r\n\r\n'],
  ['noise', Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * i * 7919 + i * 104729) & 255))],
]) {
  flow(shared, `foreign: ${name} gets no success and is ended`, async (s) => {
    const client = await s.client();
    await client.send(data);
    client.half();
    await client.ended();
    const got = (await client.linger(0)).toString('latin1');
    assert.ok(got === '' || /^HTTP\/1\.[01] [45]\d\d |^\x15\x03|^\0\0.\x04/s.test(got),
      `answered ${got.slice(0, 60)}`);
    await shared.it.check();
    assert.ok(await shared.it.healthy());
  });
}

flow(shared, 'a client that says nothing and leaves costs nothing', async (s) => {
  for (let i = 0; i < 20; i += 1) {
    const client = await s.client();
    if (i % 3 === 0) {
      client.reset();
    } else if (i % 3 === 1) {
      client.close();
    } else {
      client.half();
      await client.ended();
    }
  }
  assert.ok(await shared.it.healthy());
});

flow(shared, 'a request cut inside its header is never forwarded', async (s) => {
  const origin = await s.origin(async (c) => {
    if (await c.request()) {
      await c.send(answer());
    }
  });
  const whole = get(`${origin.url}/`, ['X: y']).toString('latin1');
  for (let n = 1; n < whole.length; n += 7) {
    const client = await s.client();
    await client.send(whole.slice(0, n));
    client.half();
    await client.ended();
    const got = (await client.linger(0)).toString('latin1');
    assert.ok(got === '' || /^HTTP\/1\.[01] 4\d\d /.test(got), got);
    client.close();
  }
  assert.equal(origin.connections, 0);
});
