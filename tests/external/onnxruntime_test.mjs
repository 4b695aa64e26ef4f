// Every network in models/ on 2,000 test images, with LACUNA_FULL in the environment on all 10,000:
// ONNX Runtime must give the same top-1 and, where it computes in integers (up to 4 bits), the same
// sums. 8-bit networks run with graph optimisation off: its u8 x s8 kernel saturates on processors
// without VNNI. Average pooling, and convolutions in front of a residual addition, it computes in
// float, where one code next to a rounding boundary may fall to the other side: such a network may
// have other sums on one image in a thousand, never another top-1.
//   node onnxruntime_test.mjs LACUNA [MODEL_FOLDER...]
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gunzipSync} from 'node:zlib';
import ort from 'onnxruntime-node';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const data = '/usr/share/datasets/fashion-mnist';
const kBatch = 1000;
const kFloatRounding = 1e-3;  // share of images

const [lacuna, ...named] = process.argv.slice(2);
if (!lacuna) {
  console.error('usage: node onnxruntime_test.mjs LACUNA [MODEL_FOLDER...]');
  process.exit(2);
}
const models = named.length > 0 ? named.map((m) => resolve(m)) :
    readdirSync(join(root, 'models'), {withFileTypes: true})
        .filter((entry) => entry.isDirectory() && entry.name !== 'train')
        .map((entry) => join(root, 'models', entry.name)).sort();

/** Pixels of the first images of an IDX file, one byte each; the header is big-endian. */
function readImages(file, wanted) {
  const bytes = gunzipSync(readFileSync(file));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [count, height, width] = [4, 8, 12].map((at) => view.getUint32(at));
  if (view.getUint32(0) !== 0x803 || bytes.length !== 16 + count * height * width) {
    throw new Error(`${file} is not an IDX file of images`);
  }
  if (count < wanted) throw new Error(`${file} has only ${count} images`);
  return {count: wanted, height, width, pixels: bytes.subarray(16)};
}

/** top-1 and integer logits of every image, by the simulator. */
function simulate(model, bits, folder) {
  const predictions = join(folder, 'predictions.csv');
  execFileSync(resolve(lacuna), [
    'run', '--hw', 'hw_configs/edge_16x16.yaml', '--model', model, '--images', `${images.count}`,
    '--no-dense', '--set', `precision.weight_bits=${bits.weights}`, '--set',
    `precision.activation_bits=${bits.activations}`, '--predictions', predictions
  ], {cwd: root, stdio: ['ignore', 'ignore', 'inherit']});
  const rows = readFileSync(predictions, 'utf8').trim().split('\n').slice(1);
  return rows.map((row) => {
    const [, , top1, ...values] = row.split(',').map(Number);
    return {top1, logits: values.slice(0, values.length / 2)};  // sums, then the outputs

  });
}

/** Float logits of every image, by ONNX Runtime. */
async function infer(onnx, bits, images) {
  const session = await ort.InferenceSession.create(onnx, {
    graphOptimizationLevel: bits.weights <= 4 && bits.activations <= 4 ? 'all' : 'disabled',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const size = images.height * images.width;
  const result = [];
  for (let first = 0; first < images.count; first += kBatch) {
    const count = Math.min(kBatch, images.count - first);
    const input = Float32Array.from(
        images.pixels.subarray(first * size, (first + count) * size),
        (pixel) => Math.fround(Math.fround(pixel) / Math.fround(255)));
    const tensor = new ort.Tensor('float32', input, [count, 1, images.height, images.width]);
    const output = (await session.run({[session.inputNames[0]]: tensor}))[session.outputNames[0]];
    const classes = output.data.length / count;
    for (let i = 0; i < count; ++i) {
      result.push(Array.from(output.data.subarray(i * classes, (i + 1) * classes)));
    }
  }
  return result;
}

/** Lowest index of the largest. */
function top1(logits) {
  return logits.reduce((best, value, i) => (value > logits[best] ? i : best), 0);
}

/** The real value of one step of the integer logits: the largest of them tells it best. */
function stepOf(floats, integers) {
  let [largest, step] = [0, 0];
  integers.forEach(({logits}, image) => logits.forEach((value, i) => {
    if (Math.abs(value) <= largest) return;
    largest = Math.abs(value);
    step = floats[image][i] / value;
  }));
  return step;
}

function bitsOf(card) {
  const number = (key) => Number(card.match(new RegExp(`^  ${key}: (\\d+)$`, 'm'))?.[1]);
  const bits = {weights: number('weights'), activations: number('activations')};
  if (!bits.weights || !bits.activations) throw new Error('a card names no bit widths');
  return bits;
}

const images = readImages(
    join(data, 't10k-images-idx3-ubyte.gz'), process.env.LACUNA_FULL ? 10000 : 2000);
const folder = mkdtempSync(join(tmpdir(), 'lacuna-ort-'));
let failed = false;
try {
  for (const model of models) {
    const onnx = join(model, readdirSync(model).find((file) => file.endsWith('.onnx')));
    const bits = bitsOf(readFileSync(join(model, 'card.yaml'), 'utf8'));
    const own = simulate(model, bits, folder);
    const theirs = await infer(onnx, bits, images);
    if (own.length !== images.count || theirs.length !== images.count) {
      throw new Error(`${model}: not every image was run`);
    }
    const step = stepOf(theirs, own);
    let otherTop1 = 0;
    let otherSums = 0;
    let furthest = 0;
    own.forEach(({top1: own1, logits}, image) => {
      if (own1 !== top1(theirs[image])) ++otherTop1;
      const apart = Math.max(...logits.map((value, i) => Math.abs(theirs[image][i] / step - value)));
      furthest = Math.max(furthest, apart);
      if (apart >= 0.5) ++otherSums;
    });
    const integers = bits.weights <= 4 && bits.activations <= 4;
    const inFloat = readFileSync(onnx).includes('GlobalAveragePool');
    const allowed = inFloat ? kFloatRounding * images.count : 0;
    const bad = otherTop1 > 0 || (integers && otherSums > allowed);
    failed ||= bad;
    console.log(`${bad ? 'FAILED' : 'ok    '} ${model.split('/').pop().padEnd(24)} ` +
        `${images.count} images, other top-1: ${otherTop1}, other sums: ${otherSums}, ` +
        `furthest ${furthest.toExponential(1)} steps`);
  }
} finally {
  rmSync(folder, {recursive: true});
}
process.exit(failed ? 1 : 0);
