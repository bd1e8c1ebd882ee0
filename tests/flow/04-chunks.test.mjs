// Goal: chunked uploads are read strictly and written afresh (RFC 9112, 7.1);
// a malformed one never becomes a whole request at the origin.

import { HIDDEN, assert, either, flow, served, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();

const head = (o, fields = []) => `POST ${o.url}/up HTTP/1.1\r\nHost: ${o.authority}\r\n` +
  `Transfer-Encoding: chunked\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`;
const hidden = (o) => `GET ${o.url}${HIDDEN} HTTP/1.1\r\nHost: ${o.authority}\r\n\r\n`;

// The header may be on its way when the chunk comes: the origin must not see
// an end, the client must see an error or the end.
for (const [name, body] of [
  ['size is empty', '\r\nhello\r\n0\r\n\r\n'],
  ['size is no number', 'x\r\nhello\r\n0\r\n\r\n'],
  ['size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['size with a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['size negative', '-5\r\nhello\r\n0\r\n\r\n'],
  ['size with a leading space', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['size with a leading tab', '\t5\r\nhello\r\n0\r\n\r\n'],
  ['size with a space inside', '0 5\r\nhello\r\n0\r\n\r\n'],
  ['size with a letter behind', '5g\r\nhello\r\n0\r\n\r\n'],
  ['size with a dot', '5.0\r\nhello\r\n0\r\n\r\n'],
  ['size with a comma', '5,5\r\nhello\r\n0\r\n\r\n'],
  ['size with an underscore', '0_5\r\nhello\r\n0\r\n\r\n'],
  ['size in quotes', '"5"\r\nhello\r\n0\r\n\r\n'],
  ['size with NUL', '5\0\r\nhello\r\n0\r\n\r\n'],
  ['size with a vertical tab', '5\v\r\nhello\r\n0\r\n\r\n'],
  ['size of high bytes', '\xb5\r\nhello\r\n0\r\n\r\n'],
  ['size that wraps at 63 bits', '8000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['size that wraps at 64 bits', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['size all f', 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ['size of a hundred digits', `${'f'.repeat(100)}\r\nhello\r\n0\r\n\r\n`],
  ['size too small', '4\r\nhello\r\n0\r\n\r\n'],
  ['size too large by one', '6\r\nhello\r\n0\r\n\r\n'],
  ['no line end after the data', '5\r\nhello0\r\n\r\n'],
  ['LF after the data', '5\r\nhello\n0\r\n\r\n'],
  ['CR after the data', '5\r\nhello\r0\r\n\r\n'],
  ['two letters after the data', '5\r\nhelloXX0\r\n\r\n'],
  ['a space after the data', '5\r\nhello \r\n0\r\n\r\n'],
  ['size ends in LF', '5\nhello\r\n0\r\n\r\n'],
  ['size ends in CR', '5\rhello\r\n0\r\n\r\n'],
  ['size ends in CR CR LF', '5\r\r\nhello\r\n0\r\n\r\n'],
  ['size ends in LF CR', '5\n\rhello\r\n0\r\n\r\n'],
  ['last chunk ends in LF', '5\r\nhello\r\n0\n\r\n'],
  ['end is LF', '5\r\nhello\r\n0\r\n\n'],
  ['end is CR and a letter', '5\r\nhello\r\n0\r\n\rX'],
  ['letters instead of the end', '5\r\nhello\r\n0\r\nXX\r\n\r\n'],
  ['extension with a bare LF', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
  ['extension with a bare CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
  ['extension with NUL', '5;a\0b\r\nhello\r\n0\r\n\r\n'],
  ['extension with a control byte', '5;a=\x01\r\nhello\r\n0\r\n\r\n'],
  ['extension with DEL', '5;a=\x7f\r\nhello\r\n0\r\n\r\n'],
  ['extension with a quoted LF', '5;a="x\ny"\r\nhello\r\n0\r\n\r\n'],
  ['extension whose quotes do not close', '5;a="x\r\nhello\r\n0\r\n\r\n'],
  ['extension on the last chunk with LF', '5\r\nhello\r\n0;a\n\r\n'],
  ['one endless extension', `5;${'a'.repeat(200000)}\r\nhello\r\n0\r\n\r\n`],
  ['endless extensions in sum', `${'1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n'.repeat(20000)}0\r\n\r\n`],
  ['extension without a semicolon', '5 a=b\r\nhello\r\n0\r\n\r\n'],
  ['trailer folded', '5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n'],
  ['trailer with a space before the colon', '5\r\nhello\r\n0\r\nX : y\r\n\r\n'],
  ['trailer without a colon', '5\r\nhello\r\n0\r\nXy\r\n\r\n'],
  ['trailer with a bare LF', '5\r\nhello\r\n0\r\nX: y\nZ: a\r\n\r\n'],
  ['trailer with a bare CR', '5\r\nhello\r\n0\r\nX: y\rZ: a\r\n\r\n'],
  ['trailer with NUL', '5\r\nhello\r\n0\r\nX: y\0\r\n\r\n'],
  ['trailer with an empty name', '5\r\nhello\r\n0\r\n: y\r\n\r\n'],
  ['trailer with an illegal name', '5\r\nhello\r\n0\r\nX(y): z\r\n\r\n'],
  ['trailer section of 200 kB', `5\r\nhello\r\n0\r\n${'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(4000)}\r\n`],
  ['one trailer field of 200 kB', `5\r\nhello\r\n0\r\nX: ${'y'.repeat(200000)}\r\n\r\n`],
]) {
  flow(shared, `refused: ${name}`, async (s) => {
    const origin = await s.origin();
    const client = await s.client();
    // In one piece, and with the header alone first.
    for (const pause of [0, 60]) {
      const c = pause ? await s.client() : client;
      const sending = c.send(head(origin), ...(pause ? [pause] : []), body, hidden(origin));
      const response = await c.response();
      if (response) {
        assert.ok(response.status >= 400, `status ${response.status}`);
      }
      assert.ok(await c.endsWithin(20000), 'held open');
      await sending;
      c.close();
    }
    for (const wire of origin.wires) {
      await wire.ended();
    }
    assert.equal(origin.requests.length, 0, 'the origin got a whole request');
  });
}

// Legal, but more than anybody sends: never cut down to a small number.
for (const size of ['100000005', '7fffffffffffffff', '1000000000000005']) {
  flow(shared, `a chunk of ${size} bytes does not wrap`, async (s) => {
    const origin = await s.origin();
    const client = await s.client();
    await client.send(head(origin), `${size}\r\nhello\r\n0\r\n\r\n`, hidden(origin));
    const got = (await client.linger(400)).toString('latin1');
    assert.ok(got === '' || /^HTTP\/1\.1 4\d\d /.test(got), got);
    client.close();
    for (const wire of origin.wires) {
      await wire.ended();
    }
    assert.equal(origin.requests.length, 0);
  });
}
for (const [name, body] of [
  ['size', `${'0'.repeat(1000)}5\r\nhello\r\n0\r\n\r\n`],
  ['last size', `5\r\nhello\r\n${'0'.repeat(1000)}\r\n\r\n`],
]) {
  either(shared, `${name} padded by a thousand zeros`, [400, null],
    (o) => head(o) + body, ({ request }) => assert.equal(request.text, 'hello'));
}

// Legal, if unusual: arrives, and what goes on is plain.
for (const [name, body, content] of [
  ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['five chunks', '1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n', 'hello'],
  ['no chunk', '0\r\n\r\n', ''],
  ['size with leading zeros', '0005\r\nhello\r\n000\r\n\r\n', 'hello'],
  ['size in capitals', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
  ['size in small letters', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
  ['extension name', '5;a\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['extension with a value', '5;a=b\r\nhello\r\n0;c=d\r\n\r\n', 'hello'],
  ['extension in quotes', '5;a="b;c, d"\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['extension with an escaped quote', '5;a="b\\"c"\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['several extensions', '5;a;b=c;d="e"\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['trailer', '5\r\nhello\r\n0\r\nX-Check: abc\r\n\r\n', 'hello'],
  ['line ends as data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
  ['data that looks like a last chunk', '5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n'],
]) {
  served(shared, name, (o) => head(o) + body, ({ request }) => {
    assert.equal(request.text, content);
  });
  served(shared, `${name}, byte by byte`,
    (o) => [head(o), ...[...body].flatMap((b) => [b, 1])], ({ request }) => {
      assert.equal(request.text, content);
    });
}

either(shared, 'whitespace before a chunk extension', [400, null],
  (o) => `${head(o)}5 ;a\r\nhello\r\n0\r\n\r\n`, ({ request }) => {
    assert.equal(request.text, 'hello');
  });

// Trailer fields that frame, route or authenticate never arrive as anything
// (RFC 9110, 6.5.1): dropped, or the request refused.
for (const field of ['Content-Length: 3', 'Transfer-Encoding: chunked', 'Host: evil.test',
  'Authorization: Basic YQ==', 'Content-Type: text/html', 'Proxy-Authorization: Basic YQ==',
  'Connection: close', 'Trailer: X']) {
  either(shared, `trailer field ${field}`, [400, null],
    (o) => `${head(o)}5\r\nhello\r\n0\r\n${field}\r\n\r\n`, ({ request, origin }) => {
      assert.equal(request.text, 'hello');
      assert.equal(request.get('host'), origin.authority);
      const name = field.split(':')[0];
      assert.ok(!request.trailers.has(name), `${name} went on as a trailer`);
      if (name !== 'Transfer-Encoding') {
        assert.ok(!request.all(name).includes(field.slice(name.length + 2)),
          `${name} was merged into the header`);
      }
    });
}

flow(shared, 'what follows the last chunk is the next request', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.send(`${head(origin)}5\r\nhello\r\n0\r\n\r\n` +
    `GET ${origin.url}/second HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\n`);
  assert.equal((await client.response()).status, 200);
  assert.equal((await client.response()).status, 200);
  assert.deepEqual(origin.requests.map((r) => r.target), ['/up', '/second']);
});

flow(shared, 'a megabyte in chunks of every size arrives whole', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const data = Buffer.alloc(1 << 20, 'abcdefghijklmnopqrstuvwxyz0123456789');
  const pieces = [head(origin)];
  for (let at = 0, n = 1; at < data.length; n = (n * 3 + 1) % 70001) {
    const piece = data.subarray(at, at + Math.max(n, 1));
    pieces.push(`${piece.length.toString(16)}\r\n`, piece, '\r\n');
    at += piece.length;
  }
  const sending = client.send(...pieces, '0\r\n\r\n');
  assert.equal((await client.response()).status, 200);
  await sending;
  assert.ok(origin.requests[0].body.equals(data));
});
