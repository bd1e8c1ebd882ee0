// Goal: pared compress does to files what the proxy does to images: names,
// folders and modes stay, nothing is overwritten or lost, and what it tells is
// what it did.

import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { drawing, gif, jpeg, photo, png } from '../support/images.mjs';
import { configText, runPared, tempDir } from '../support/pared.mjs';
import { assert, flow } from '../support/flow.mjs';

const top = tempDir();
after(() => fs.rmSync(top, { recursive: true, force: true }));
const conf = path.join(top, 'pared.conf');
fs.writeFileSync(conf, configText({ Port: 18080 }));
let last = 0;

// A folder of its own with files: { 'a/b.jpg': bytes }.
function site(files) {
  last += 1;
  const dir = path.join(top, `site${last}`);
  for (const [name, bytes] of Object.entries(files)) {
    const file = path.join(dir, 'in', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
  }
  return dir;
}

const compress = (dir, ...args) =>
  runPared(['compress', '-c', conf, ...args], { dir });

// The format by the bytes.
function format(file) {
  const b = fs.readFileSync(file);
  const is = (text, at = 0) => b.toString('latin1', at, at + text.length) === text;
  if (is('RIFF') && is('WEBP', 8)) return 'WebP';
  if (is('ftypavif', 4) || is('ftypavis', 4)) return 'AVIF';
  if (b[0] === 0xff && b[1] === 0xd8) return 'JPEG';
  if (is('PNG', 1)) return 'PNG';
  return is('GIF8') ? 'GIF' : 'none';
}

const size = (file) => fs.statSync(file).size;
const left = (dir) => fs.readdirSync(dir, { recursive: true })
  .filter((name) => name.includes('.pared-'));

const PHOTO = jpeg(photo(320, 240));
const DRAWING = png(drawing(300, 200));
const TEXT = 'no picture\n';

flow({ it: null }, 'compress: names, folders and modes stay', async () => {
  const dir = site({
    'photo.jpg': PHOTO, 'two words/grüße.png': DRAWING, 'line\nbreak': TEXT, 'empty.gif': '',
  });
  fs.chmodSync(path.join(dir, 'in/photo.jpg'), 0o640);
  fs.mkdirSync(path.join(dir, 'in/hollow'));
  fs.symlinkSync('photo.jpg', path.join(dir, 'in/same.jpg'));
  fs.symlinkSync('/etc/passwd', path.join(dir, 'in/far'));
  const { code, stdout, stderr } = await compress(dir, 'in', '--out', 'out');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /in\/far: left out/);
  const out = (name) => path.join(dir, 'out', name);
  for (const name of ['photo.jpg', 'two words/grüße.png']) {
    assert.ok(size(out(name)) < size(path.join(dir, 'in', name)) * 0.95, name);
    assert.match(format(out(name)), /AVIF|WebP/, name);
  }
  assert.equal(fs.statSync(out('photo.jpg')).mode & 0o777, 0o640);
  assert.equal(fs.readFileSync(out('line\nbreak'), 'utf8'), TEXT);
  assert.equal(size(out('empty.gif')), 0);
  assert.ok(fs.statSync(out('hollow')).isDirectory());
  assert.equal(fs.readlinkSync(out('same.jpg')), 'photo.jpg');
  assert.ok(!fs.existsSync(out('far')));
  assert.deepEqual(left(path.join(dir, 'out')), []);
  // A line each, whatever the name; sums below.
  assert.match(stdout, /^photo\.jpg +JPEG +(AVIF|WebP) +\d+ +\d+ +[\d.]+ %$/m);
  assert.match(stdout, /^line\?break +- +same +11 +11 +-$/m);
  assert.match(stdout, /^all +4 +2 +\d+ +\d+ +[\d.]+ % +[\d.]+ s$/m);
});

flow({ it: null }, 'compress: what the client takes decides', async () => {
  const dir = site({ 'photo.jpg': PHOTO, 'drawing.png': DRAWING });
  const become = async (accept) => {
    const { code, stderr } = await compress(dir, 'in', '--out', 'out', '--force', '--accept', accept);
    assert.equal(code, 0, stderr);
    return ['photo.jpg', 'drawing.png'].map((name) => format(path.join(dir, 'out', name)));
  };
  assert.deepEqual(await become('image/webp'), ['JPEG', 'WebP']);
  assert.deepEqual(await become('webp;q=0.9, avif;q=0.1'), ['JPEG', 'WebP']);
  assert.deepEqual(await become('none'), ['JPEG', 'PNG']);
  assert.deepEqual(await become('image/*'), ['JPEG', 'PNG']);
});

flow({ it: null }, 'compress: as data', async () => {
  const dir = site({ 'photo.jpg': PHOTO, 'readme': TEXT });
  const { code, stdout } = await compress(dir, 'in', '--out', 'out', '--json', '--level', 'thin', '--accept', 'webp');
  assert.equal(code, 0);
  const got = JSON.parse(stdout);
  const [image, text] = got.files;
  assert.deepEqual([image.name, image.from, image.to, image.smaller, image.failed, image.why],
    ['photo.jpg', 'JPEG', 'JPEG', true, false, null]);
  assert.equal(image.before, PHOTO.length);
  assert.equal(image.after, size(path.join(dir, 'out/photo.jpg')));
  assert.deepEqual([text.from, text.to, text.smaller, text.why], ['none', 'none', false, 'no image']);
  assert.equal(got.all.files, 2);
  assert.equal(got.all.after, image.after + TEXT.length);
  assert.equal(got.formats.JPEG.smaller, 1);
  assert.equal(got.formats.other.files, 1);
});

flow({ it: null }, 'compress: levels lose more', async () => {
  const dir = site({ 'photo.jpg': PHOTO });
  const sizes = [];
  for (const level of ['invisible', 'fine', 'thin']) {
    const { code } = await compress(dir, 'in/photo.jpg', '--out', level, '--level', level, '--accept', 'webp');
    assert.equal(code, 0);
    sizes.push(size(path.join(dir, level, 'photo.jpg')));
  }
  assert.ok(sizes[0] > sizes[1] && sizes[1] > sizes[2], sizes.join());
});

flow({ it: null }, 'compress: nothing is overwritten or written among the sources', async () => {
  const dir = site({ 'a/x.jpg': PHOTO, 'b/x.jpg': PHOTO });
  const refuse = async (pattern, ...args) => {
    const { code, stderr } = await compress(dir, ...args);
    assert.equal(code, 1);
    assert.match(stderr, pattern);
  };
  await refuse(/same name/, 'in/a', 'in/b', '--out', 'out');
  await refuse(/lies within/, 'in', '--out', 'in/a');
  await refuse(/lies within/, 'in', '--out', 'in/new', '--force');
  await refuse(/read and written/, 'in/a/x.jpg', '--out', 'in/a', '--force');
  await refuse(/No such file/, 'in/a/x.jpg', 'none.jpg', '--out', 'out');
  assert.ok(!fs.existsSync(path.join(dir, 'out')));
  assert.equal((await compress(dir, 'in/a', '--out', 'out')).code, 0);
  const before = fs.readFileSync(path.join(dir, 'out/x.jpg'));
  await refuse(/x\.jpg: is there; --force/, 'in/b', '--out', 'out', '--accept', 'none');
  assert.ok(fs.readFileSync(path.join(dir, 'out/x.jpg')).equals(before));
  assert.equal((await compress(dir, 'in/b', '--out', 'out', '--force', '--accept', 'none')).code, 0);
  assert.ok(!fs.readFileSync(path.join(dir, 'out/x.jpg')).equals(before));
  assert.ok(fs.readFileSync(path.join(dir, 'in/b/x.jpg')).equals(PHOTO));
});

flow({ it: null }, 'compress: what cannot be written is told, the others are done', async () => {
  const dir = site({ 'a.jpg': PHOTO, 'b.jpg': PHOTO, 'broken.png': DRAWING.subarray(0, 300) });
  fs.mkdirSync(path.join(dir, 'out/a.jpg/full'), { recursive: true });
  const { code, stdout, stderr } = await compress(dir, 'in', '--out', 'out', '--force');
  assert.equal(code, 1);
  assert.match(stderr, /cannot write in\/a\.jpg/);
  assert.match(stdout, /^a\.jpg +JPEG +failed$/m);
  assert.ok(size(path.join(dir, 'out/b.jpg')) < PHOTO.length);
  assert.equal(size(path.join(dir, 'out/broken.png')), 300);
  assert.deepEqual(left(path.join(dir, 'out')), []);
});

flow({ it: null }, 'compress: explains what it would do', async () => {
  const dir = site({ 'photo.jpg': jpeg(photo(1000, 200)), 'a.gif': gif([drawing(64, 70)]), 'readme': TEXT });
  const { code, stdout } = await compress(dir, '--explain', 'in/photo.jpg', 'in/readme', '--accept', 'webp', '--width', '700');
  assert.equal(code, 0);
  for (const line of [/^in\/photo\.jpg$/m, /source +JPEG, 1000 x 200/, /client +takes WebP; up to 700/,
    /plan +a photograph that changes its shape, to WebP/, /WebP +quality 7\d/, /size +700 x 140/, /result +WebP, \d+ bytes/,
    /^in\/readme\n +result +stays as it is: no image$/m]) {
    assert.match(stdout, line);
  }
  assert.deepEqual(fs.readdirSync(path.join(dir)), ['in']);
  const [one] = JSON.parse((await compress(dir, '--explain', '--json', 'in/a.gif', '--accept', 'none')).stdout).files;
  assert.equal(one.source.width, 64);
  assert.deepEqual(one.plan.settings.outputs, ['png']);
  assert.equal(one.plan.verdict, 'try');
});

flow({ it: null }, 'compress: without its codec, and used wrongly', async () => {
  const dir = site({ 'photo.jpg': PHOTO });
  const gone = await compress(dir, 'in', '--out', 'out', '-o', 'CodecPath="/nowhere/pared-codec"');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /nowhere\/pared-codec .*No such file/);
  assert.ok(!fs.existsSync(path.join(dir, 'out')));
  for (const [pattern, ...args] of [
    [/which files/, '--out', 'out'],
    [/--out DIR is needed/, 'in'],
    [/writes nothing/, '--explain', 'in', '--out', 'out'],
    [/--level is invisible/, 'in', '--out', 'out', '--level', 'best'],
    [/what is "jxl"/, 'in', '--out', 'out', '--accept', 'jxl'],
    [/--width wants a number/, 'in', '--out', 'out', '--width', '0'],
    [/--jobs wants a number/, 'in', '--out', 'out', '--jobs', 'many'],
  ]) {
    const { code, stderr } = await compress(dir, ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, pattern);
  }
});
