// Goal: how long a request is has one reading, or the request is refused
// (RFC 9112, 6.1 to 6.3); nothing behind it becomes a request of its own.

import { HIDDEN, assert, either, flow, refused, served, sharedProxy } from '../support/flow.mjs';
import { get } from '../support/client.mjs';

const shared = sharedProxy();

// A POST with these fields, content, and a hidden request behind.
function post(fields, body = 'hello', { version = '1.1', method = 'POST' } = {}) {
  return (o) => `${method} ${o.url}/p HTTP/${version}\r\nHost: ${o.authority}\r\n` +
    `${fields.map((f) => `${f}\r\n`).join('')}\r\n${body}` +
    `GET ${o.url}${HIDDEN} HTTP/1.1\r\nHost: ${o.authority}\r\n\r\n`;
}

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const EMPTY = '0\r\n\r\n';

// Content-Length: every malformed value is 400.
for (const value of [
  '', '+5', '-5', '-0', '0x5', '5;', '5,', ',5', '5.0', '5e0', '"5"',
  'five', '5 5', '5\t5', ' 5x', '5x', '\x0b5', '5\x0c', '\xb2', '５',
  '99999999999999999999', '18446744073709551621', '4294967301\x01',
  '9223372036854775808', '-18446744073709551611', '340282366920938463463374607431768211461',
  '1_0', '1,000', '5:5', "5'", 'NaN', 'Infinity', '0b101', '0o5', '٥',
]) {
  refused(shared, `Content-Length ${JSON.stringify(value)}`, [400, 413],
    post([`Content-Length: ${Buffer.from(value).toString('latin1')}`]));
}

for (const [name, fields] of [
  ['repeated, different', ['Content-Length: 5', 'Content-Length: 6']],
  ['repeated, different, smaller first', ['Content-Length: 0', 'Content-Length: 5']],
  ['repeated with others between', ['Content-Length: 5', 'X: y', 'Content-Length: 7']],
  ['repeated in another case', ['Content-Length: 5', 'content-length: 6']],
  ['list of different values', ['Content-Length: 5, 6']],
  ['list with an empty element', ['Content-Length: 5,,5']],
  ['list that ends in a comma', ['Content-Length: 5,']],
  ['repeated, one malformed', ['Content-Length: 5', 'Content-Length: x']],
  ['repeated, one empty', ['Content-Length: 5', 'Content-Length:']],
  ['space before the colon', ['Content-Length : 5']],
  ['tab before the colon', ['Content-Length\t: 5']],
  ['folded', ['Content-Length:\r\n 5']],
  ['folded after another field', ['X: y\r\n Content-Length: 5']],
  ['with a leading space', [' Content-Length: 5']],
  ['NUL in the name', ['Content\0-Length: 5']],
  ['NUL after the value', ['Content-Length: 5\0']],
  ['bare CR before', ['X: y\rContent-Length: 5']],
  ['bare LF before', ['X: y\nContent-Length: 5']],
  ['bare CR in the value', ['Content-Length: 5\r6']],
]) {
  refused(shared, `Content-Length ${name}`, 400, post(fields));
}

// The same value twice might be merged (RFC 9112, 6.3); nobody honest sends it.
for (const [name, fields] of [
  ['repeated, same', ['Content-Length: 5', 'Content-Length: 5']],
  ['list of the same', ['Content-Length: 5, 5']],
]) {
  refused(shared, `Content-Length ${name}`, 400, post(fields));
}

// Content-Length beside Transfer-Encoding is how requests are smuggled: 400.
for (const [name, fields, body, status = 400] of [
  ['CL before TE', ['Content-Length: 5', 'Transfer-Encoding: chunked'], CHUNKS],
  ['TE before CL', ['Transfer-Encoding: chunked', 'Content-Length: 5'], CHUNKS],
  ['CL 0 and TE', ['Content-Length: 0', 'Transfer-Encoding: chunked'], CHUNKS],
  ['CL that spans the chunks, and TE', ['Content-Length: 15', 'Transfer-Encoding: chunked'], CHUNKS],
  ['CL and TE in capitals', ['CONTENT-LENGTH: 5', 'TRANSFER-ENCODING: CHUNKED'], CHUNKS],
  ['CL nominated by Connection, and TE', ['Connection: Content-Length', 'Content-Length: 5', 'Transfer-Encoding: chunked'], CHUNKS],
  ['malformed CL and TE', ['Content-Length: x', 'Transfer-Encoding: chunked'], CHUNKS],
  ['CL and unknown TE', ['Content-Length: 5', 'Transfer-Encoding: x'], 'hello', [400, 501]],
]) {
  refused(shared, name, status, post(fields, body));
}

// Transfer-Encoding other than exactly one final "chunked".
for (const [name, status, fields] of [
  ['unknown coding', [400, 501], ['Transfer-Encoding: foo']],
  ['identity', [400, 501], ['Transfer-Encoding: identity']],
  ['identity beside chunked', [400, 501], ['Transfer-Encoding: identity, chunked']],
  ['gzip alone', [400, 501], ['Transfer-Encoding: gzip']],
  ['gzip, chunked', [400, 501], ['Transfer-Encoding: gzip, chunked']],
  ['chunked, gzip', [400, 501], ['Transfer-Encoding: chunked, gzip']],
  ['unknown, chunked', [400, 501], ['Transfer-Encoding: foo, chunked']],
  ['chunked twice in a list', [400, 501], ['Transfer-Encoding: chunked, chunked']],
  ['chunked twice', [400, 501], ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
  ['chunked then identity, two lines', [400, 501], ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
  ['empty', [400, 501], ['Transfer-Encoding:']],
  ['only a comma', [400, 501], ['Transfer-Encoding: ,']],
  ['only spaces', [400, 501], ['Transfer-Encoding:   ']],
  ['quoted', [400, 501], ['Transfer-Encoding: "chunked"']],
  ['in single quotes', [400, 501], ["Transfer-Encoding: 'chunked'"]],
  ['with a parameter', [400, 501], ['Transfer-Encoding: chunked;q=1']],
  ['with a bare semicolon', [400, 501], ['Transfer-Encoding: chunked;']],
  ['with a letter behind', [400, 501], ['Transfer-Encoding: chunkedx']],
  ['with a letter before', [400, 501], ['Transfer-Encoding: xchunked']],
  ['with a colon before', [400, 501], ['Transfer-Encoding: :chunked']],
  ['with a space inside', [400, 501], ['Transfer-Encoding: chun ked']],
  ['with a second word', [400, 501], ['Transfer-Encoding: chunked x']],
  ['with a vertical tab before', 400, ['Transfer-Encoding: \vchunked']],
  ['with a vertical tab behind', 400, ['Transfer-Encoding: chunked\v']],
  ['with a form feed before', 400, ['Transfer-Encoding: \fchunked']],
  ['with NUL behind', 400, ['Transfer-Encoding: chunked\0']],
  ['with a high byte before', [400, 501], ['Transfer-Encoding: \xa0chunked']],
  ['with 0xff behind', [400, 501], ['Transfer-Encoding: chunked\xff']],
  ['in UTF-8 disguise', [400, 501], ['Transfer-Encoding: ch\xc5\xab\x6eked']],
  ['with a bare CR before', 400, ['Transfer-Encoding: \rchunked']],
  ['with a bare CR behind', 400, ['Transfer-Encoding: chunked\r']],
  ['behind a bare LF', 400, ['X: y\nTransfer-Encoding: chunked']],
  ['behind a bare CR', 400, ['X: y\rTransfer-Encoding: chunked']],
  ['space before the colon', 400, ['Transfer-Encoding : chunked']],
  ['tab before the colon', 400, ['Transfer-Encoding\t: chunked']],
  ['vertical tab before the colon', 400, ['Transfer-Encoding\v: chunked']],
  ['NUL before the colon', 400, ['Transfer-Encoding\0: chunked']],
  ['CR before the colon', 400, ['Transfer-Encoding\r: chunked']],
  ['leading space in the name', 400, [' Transfer-Encoding: chunked']],
  ['leading tab after a field', 400, ['X: y', '\tTransfer-Encoding: chunked']],
  ['folded', 400, ['Transfer-Encoding:\r\n chunked']],
  ['folded by a tab', 400, ['Transfer-Encoding:\r\n\tchunked']],
  ['folded behind its value', 400, ['Transfer-Encoding: chunked\r\n x']],
  ['a space inside the name', 400, ['Transfer -Encoding: chunked']],
  ['name without a colon', 400, ['Transfer-Encoding chunked']],
  ['quotes around the name', 400, ['"Transfer-Encoding": chunked']],
  ['two colons', [400, 501], ['Transfer-Encoding:: chunked']],
  ['slash in the name', 400, ['Transfer/Encoding: chunked']],
  ['backslash in the name', 400, ['Transfer\\-Encoding: chunked']],
  ['high byte in the name', 400, ['Transfer\xadEncoding: chunked']],
]) {
  refused(shared, `Transfer-Encoding ${name}`, status, post(fields, CHUNKS));
}

// RFC 9112, 6.1: in HTTP/1.0 Transfer-Encoding is faulty framing.
refused(shared, 'Transfer-Encoding in HTTP/1.0', [400, 501],
  post(['Transfer-Encoding: chunked'], CHUNKS, { version: '1.0' }));
refused(shared, 'both in HTTP/1.0', [400, 501],
  post(['Content-Length: 5', 'Transfer-Encoding: chunked'], CHUNKS, { version: '1.0' }));

// Names that only look like it are other fields: no framing comes from them.
for (const field of [
  'Transfer_Encoding: chunked', 'TransferEncoding: chunked', 'X-Transfer-Encoding: chunked',
  'Content_Length: 50', 'Content-Lengthx: 50', 'ContentLength: 50', 'xContent-Length: 50',
]) {
  served(shared, `${field} frames nothing`, (o) => get(`${o.url}/`, [field]),
    ({ request }) => {
      assert.equal(request.framing, 'none');
      assert.equal(request.text, '');
    });
}

// Legal spellings arrive.
for (const [name, fields, body] of [
  ['Content-Length with spaces around', ['Content-Length: \t 5 \t '], 'hello'],
  ['Content-Length without a space', ['Content-Length:5'], 'hello'],
  ['Content-Length in capitals', ['CONTENT-LENGTH: 5'], 'hello'],
  ['Transfer-Encoding in mixed case', ['tRANSFER-eNCODING: cHUNKED'], CHUNKS],
  ['Transfer-Encoding with spaces around', ['Transfer-Encoding: \t chunked \t '], CHUNKS],
]) {
  served(shared, name, (o) => `POST ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\n` +
    `${fields.map((f) => `${f}\r\n`).join('')}\r\n${body}`, ({ request }) => {
    assert.equal(request.text, 'hello');
  });
}
either(shared, 'Content-Length with leading zeros', 400,
  (o) => get(`${o.url}/`, ['Content-Length: 0005'], { method: 'POST' }) + 'hello',
  ({ request }) => assert.equal(request.text, 'hello'));

// RFC 9110, 7.6.1: fields that Connection names are removed, but never those
// that frame the message or route it.
for (const nominated of ['Content-Length', 'content-length', 'Host']) {
  either(shared, `Connection names ${nominated}`, 400,
    (o) => get(`${o.url}/`, [`Connection: close, ${nominated}`], { method: 'POST', body: 'hello' }),
    ({ request, origin }) => {
      assert.equal(request.text, 'hello');
      assert.equal(request.get('host'), origin.authority);
    });
}
either(shared, 'Connection names Transfer-Encoding', 400,
  (o) => `POST ${o.url}/ HTTP/1.1\r\nHost: ${o.authority}\r\n` +
    `Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
  ({ request }) => assert.equal(request.text, 'hello'));

// Content on methods that usually have none is framed all the same.
for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
  flow(shared, `what follows a ${method} with content is read in step`, async (s) => {
    const origin = await s.origin();
    const client = await s.client();
    await client.send(get(`${origin.url}/1`, [], { method, body: `GET ${HIDDEN} HTTP/1.1\r\n\r\n` }));
    await client.send(get(`${origin.url}/2`));
    const first = await client.response({ method });
    assert.equal(first.status, 200);
    assert.equal((await client.response()).status, 200);
    assert.deepEqual(origin.requests.map((r) => r.target), ['/1', '/2']);
  });
}

// What is in the content is content, however much it looks like a request.
flow(shared, 'content that looks like requests stays content', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const body = `0\r\n\r\nGET ${origin.url}${HIDDEN} HTTP/1.1\r\nHost: a\r\n\r\n`;
  await client.send(get(`${origin.url}/1`, [], { method: 'POST', body }), get(`${origin.url}/2`));
  assert.equal((await client.response()).status, 200);
  assert.equal((await client.response()).status, 200);
  assert.equal(origin.requests[0].text, body);
  assert.equal(origin.requests[1].target, '/2');
});

// A connection that cannot be in step any more is not reused upstream either.
flow(shared, 'an upload cut short never looks whole', async (s) => {
  for (const [fields, data] of [
    [['Content-Length: 10'], 'hello'],
    [['Transfer-Encoding: chunked'], '5\r\nhello\r\n'],
    [['Transfer-Encoding: chunked'], '5\r\nhel'],
    [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n'],
    [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nX: y\r\n'],
    [['Transfer-Encoding: chunked'], '5'],
  ]) {
    for (const how of ['half', 'reset']) {
      const origin = await s.origin();
      const client = await s.client();
      await client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n` +
        `${fields.join('\r\n')}\r\n\r\n`, data, 150);
      client[how]();
      await client.ended();
      const got = (await client.linger(0)).toString('latin1');
      assert.ok(got === '' || /^HTTP\/1\.1 [45]\d\d /.test(got), got);
      for (const wire of origin.wires) {
        await wire.ended();
      }
      assert.equal(origin.requests.length, 0, `${data} then ${how}`);
      client.close();
    }
  }
});
