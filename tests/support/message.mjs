// HTTP/1.1 messages, read strictly: what RFC 9112 does not allow is an error.
// The scripted origin reads what the proxy sends with this, the client what it
// answers; neither forgives anything, so that nothing ambiguous passes.
//
// Readers pull bytes from a `source` (wire.mjs): line(max), take(n), ended.

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Field values: visible bytes, obs-text, and inner spaces and tabs.
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const FIELDS_MAX = 2000;

export class Malformed extends Error {
  constructor(what, bytes) {
    super(bytes === undefined ? what : `${what}: ${JSON.stringify(bytes)}`);
    this.name = 'Malformed';
  }
}

// Field lines in the order received; names keep their case.
export class Fields {
  constructor() {
    this.list = [];
  }

  all(name) {
    const low = name.toLowerCase();
    return this.list.filter(([n]) => n.toLowerCase() === low).map(([, v]) => v);
  }

  // The values of all lines with that name, joined; undefined without any.
  get(name) {
    const values = this.all(name);
    return values.length ? values.join(', ') : undefined;
  }

  has(name) {
    return this.all(name).length > 0;
  }

  // Lower-case list elements of all lines with that name.
  tokens(name) {
    return this.all(name).flatMap((v) => v.split(','))
      .map((v) => v.trim().toLowerCase()).filter((v) => v);
  }
}

// One line without its CRLF; a bare LF or CR is an error.
async function strictLine(source) {
  const line = await source.line();
  if (!line.endsWith('\r\n')) {
    throw new Malformed('line does not end in CRLF', line);
  }
  const text = line.slice(0, -2);
  if (/[\r\n\0]/.test(text)) {
    throw new Malformed('CR, LF or NUL inside a line', line);
  }
  return text;
}

export async function readFields(source) {
  const fields = new Fields();
  for (;;) {
    const line = await strictLine(source);
    if (line === '') {
      return fields;
    }
    if (fields.list.length >= FIELDS_MAX) {
      throw new Malformed('field section without end');
    }
    const colon = line.indexOf(':');
    if (colon < 0) {
      throw new Malformed('field line without a colon', line);
    }
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    if (!TOKEN.test(name)) {
      throw new Malformed('field name is no token', line);
    }
    if (!VALUE.test(value)) {
      throw new Malformed('field value has a control byte', line);
    }
    fields.list.push([name, value]);
  }
}

// The one length, or undefined; anything ambiguous is an error.
function lengthOf(fields) {
  const values = fields.all('content-length');
  if (!values.length) {
    return undefined;
  }
  if (values.length > 1) {
    throw new Malformed('Content-Length repeated', values.join(' / '));
  }
  if (!/^[0-9]{1,19}$/.test(values[0]) || BigInt(values[0]) >= 1n << 63n) {
    throw new Malformed('Content-Length is no number', values[0]);
  }
  return Number(values[0]);
}

function isChunked(fields, version) {
  const values = fields.all('transfer-encoding');
  if (!values.length) {
    return false;
  }
  if (version === '1.0') {
    throw new Malformed('Transfer-Encoding in HTTP/1.0', values.join(' / '));
  }
  if (values.length > 1 || values[0].toLowerCase() !== 'chunked') {
    throw new Malformed('Transfer-Encoding other than "chunked"',
      values.join(' / '));
  }
  if (fields.has('content-length')) {
    throw new Malformed('Content-Length beside Transfer-Encoding');
  }
  return true;
}

// Reads chunked content into body. Extensions are an error: a proxy that
// writes its own chunks has none to write.
async function readChunks(source, message) {
  for (;;) {
    const line = await strictLine(source);
    if (!/^[0-9A-Fa-f]{1,16}$/.test(line)) {
      throw new Malformed('chunk size', line);
    }
    const size = parseInt(line, 16);
    if (size === 0) {
      message.trailers = await readFields(source);
      return;
    }
    message.chunks.push(size);
    await source.pour(size, message.pieces);
    const end = await source.take(2);
    if (end.toString('latin1') !== '\r\n') {
      throw new Malformed('chunk does not end in CRLF',
        end.toString('latin1'));
    }
  }
}

function newMessage() {
  const message = {
    fields: new Fields(), trailers: new Fields(), chunks: [], pieces: [],
    framing: 'none', complete: false, cut: null,
  };
  // Asked for after a cut too: what came until then.
  Object.defineProperty(message, 'body', {
    get() {
      return Buffer.concat(this.pieces);
    },
  });
  Object.defineProperty(message, 'text', {
    get() {
      return this.body.toString('latin1');
    },
  });
  message.get = (name) => message.fields.get(name);
  message.all = (name) => message.fields.all(name);
  return message;
}

// A request, or null at the end of the connection. Only `absolute` accepts an
// absolute-form target (what a parent proxy gets).
export async function readRequest(source, { absolute = false } = {}) {
  if (await source.atEnd()) {
    return null;
  }
  const request = newMessage();
  const line = await strictLine(source);
  const m = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/(1\.[01])$/
    .exec(line);
  if (!m) {
    throw new Malformed('request line', line);
  }
  [, request.method, request.target, request.version] = m;
  const form = request.method === 'CONNECT' ? /^[^/?#@]+:\d{1,5}$/
    : absolute ? /^https?:\/\/[^/?#@]+(?:[/?][^#]*)?$/i : /^(?:\/[^#]*|\*)$/;
  if (!form.test(request.target)) {
    throw new Malformed('target of the wrong form', line);
  }
  if (request.target === '*' && request.method !== 'OPTIONS') {
    throw new Malformed('asterisk-form for another method', line);
  }
  request.fields = await readFields(source);
  const hosts = request.fields.all('host');
  if (request.version === '1.1' ? hosts.length !== 1 : hosts.length > 1) {
    throw new Malformed('not exactly one Host', hosts.join(' / '));
  }
  if (isChunked(request.fields, request.version)) {
    request.framing = 'chunked';
    await readChunks(source, request);
  } else {
    const length = lengthOf(request.fields);
    if (length !== undefined) {
      request.framing = 'length';
      await source.pour(length, request.pieces);
    }
  }
  request.complete = true;
  return request;
}

async function readResponseHead(source) {
  const response = newMessage();
  const line = await strictLine(source);
  const m = /^HTTP\/(1\.[01]) ([1-5][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)$/
    .exec(line);
  if (!m) {
    throw new Malformed('status line', line);
  }
  response.version = m[1];
  response.status = Number(m[2]);
  response.reason = m[3];
  response.fields = await readFields(source);
  return response;
}

// A final response with the interim ones before it, or null at the end of the
// connection. A cut leaves complete false and `cut` says how: "eof", "reset".
// `sent` is the version of the request; a 1.0 client gets no chunks.
export async function readResponse(source, { method = 'GET', sent = '1.1' } = {}) {
  if (await source.atEnd()) {
    return null;
  }
  const interim = [];
  let response = await readResponseHead(source);
  while (response.status < 200 && response.status !== 101) {
    if (response.fields.has('content-length') ||
        response.fields.has('transfer-encoding')) {
      throw new Malformed('framing field in an interim response');
    }
    interim.push(response);
    response = await readResponseHead(source);
  }
  response.interim = interim;
  const { fields, status } = response;
  const chunked = isChunked(fields, response.version);
  const length = lengthOf(fields);
  if (chunked && sent === '1.0') {
    throw new Malformed('chunked answer to a 1.0 client');
  }
  if (status === 101 || (method === 'CONNECT' && status < 300)) {
    if (chunked || length !== undefined) {
      throw new Malformed('framing field before a tunnel');
    }
    response.framing = 'tunnel';
  } else if (method === 'HEAD' || status === 204 || status === 304) {
    if (status === 204 && (chunked || length !== undefined)) {
      throw new Malformed('framing field in 204');
    }
    response.framing = 'none';
  } else {
    try {
      if (chunked) {
        response.framing = 'chunked';
        await readChunks(source, response);
      } else if (length !== undefined) {
        response.framing = 'length';
        await source.pour(length, response.pieces);
      } else {
        response.framing = 'close';
        await source.pourAll(response.pieces);
      }
    } catch (err) {
      if (!err.cut) {
        throw err;
      }
      response.cut = err.cut;
      return response;
    }
  }
  response.complete = true;
  return response;
}
