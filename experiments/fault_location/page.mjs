// Writes the tables of docs/guide/fault_location.md from results/*.csv.
//   node experiments/fault_location/page.mjs [--check]    --check: changes nothing, fails if it differs
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {one, readCsv, table, writePage} from '../study/blocks.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const results = (name) => readCsv(join(here, 'results', `${name}.csv`));
const layers = results('layers');
const bits = results('bits');
const policies = results('policies');
const rates = results('rates');
const cells = results('cells');
const speed = results('speed');

const networks = [['lenet5_qdnn', 'standard'], ['lenet5_as', 'sparse']];
const skipping = 'edge_16x16';
const machines = [[skipping, 'skip'], ['edge_16x16_gate', 'gate'], ['edge_16x16_dense', 'none']];
const memories = [...new Set(cells.map((row) => row.memory))].sort(
    (a, b) => layers.findIndex((row) => row.memory === a) - layers.findIndex((row) => row.memory === b));
const bitmap = 'activation_bitmap';
const cellsOf = (memory) => one(cells, {memory, network: networks[0][0]}).cells;

/** One upset a cell and 10^12 cycles, over a million inferences. */
const kScale = 1e-12 * 1e6;

const digits = (value) => {
  const size = Math.abs(value);
  return size === 0 ? '0' : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
};
const shown = ({value, lower, upper}, scale = 1) =>
    `${digits(scale * value)} (${digits(scale * lower)} to ${digits(scale * upper)})`;
const inPercent = (share) => shown(share, 100);
const share = (row) => ({value: row.mean, lower: row.lower, upper: row.upper});

/** Wilson's interval of hits among n, at 95%. */
function wilson(hits, n) {
  const z = 1.959963984540054;
  const p = hits / n;
  const middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const half = z / (1 + z * z / n) * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {value: p, lower: hits === 0 ? 0 : middle - half, upper: hits === n ? 1 : middle + half};
}

/** Of independent figures, each with its interval: their weighed sum by the recovered variances (Zou and
 * Donner, 2008); a negative weight makes a difference. */
function sum(terms) {
  const value = terms.reduce((total, {weight, of}) => total + weight * of.value, 0);
  const reach = (below) => Math.sqrt(terms.reduce((total, {weight, of}) => {
    const down = (weight > 0) === below;
    return total + (weight * (down ? of.value - of.lower : of.upper - of.value)) ** 2;
  }, 0));
  return {value, lower: value - reach(true), upper: value + reach(false)};
}

const strikes = (machine, network, memory, figure, layer = '') =>
    share(one(machine === skipping ? layers : policies,
              {machine, name: network, memory, figure, unit: 'fault', layer, bit: ''}));
const cyclesOf = (machine, network) =>
    one(machine === skipping ? layers : policies,
        {machine, name: network, unit: 'network', figure: 'cycles_an_image'}).mean;
/** What a share of strikes comes to where every cell is struck at the same rate. */
const weight = (machine, network, memory) => cellsOf(memory) * cyclesOf(machine, network) * kScale;

function strikesTable() {
  return table(
      ['memory', 'cells', ...['answer', 'outputs', 'cycles'].flatMap(
          (what) => networks.map(([, name]) => `${what}, ${name}`))],
      memories.map((memory) => [
        memory, cellsOf(memory).toLocaleString('en-US'),
        ...['sdc_any', 'outputs_changed', 'cycles_changed'].flatMap((figure) => networks.map(
            ([network]) => inPercent(strikes(skipping, network, memory, figure)))),
      ]));
}

function ratesTable() {
  return table(
      ['memory', ...['answers', 'outputs'].flatMap(
          (what) => networks.map(([, name]) => `${what}, ${name}`))],
      memories.map((memory) => [
        memory,
        ...['sdc_any', 'outputs_changed'].flatMap((figure) => networks.map(
            ([network]) => shown(
                strikes(skipping, network, memory, figure), weight(skipping, network, memory)))),
      ]));
}

function layersTable() {
  const names = [...new Set(layers.map((row) => row.layer))].filter((layer) => layer && layer !== 'none');
  return table(
      ['memory', 'network', ...names],
      memories.flatMap((memory) => networks.map(([network, name]) => [
        memory, name,
        ...names.map((layer) => inPercent(strikes(skipping, network, memory, 'outputs_changed', layer))),
      ])), 2);
}

/** Strikes of bits first to last, of which each has as many cells and was struck as often. */
function bitGroup(network, memory, first, last, figure) {
  let hits = 0;
  let n = 0;
  for (let bit = first; bit <= last; ++bit) {
    const row = one(bits, {name: network, memory, figure, unit: 'fault', layer: '', bit});
    hits += Math.round(row.mean * row.n);
    n += row.n;
  }
  return wilson(hits, n);
}

function bitsTable(groups) {
  const top = groups.at(-1)[1];
  const own = memories.filter(
      (memory) => Math.max(-1, ...bits.filter((row) => row.memory === memory && row.bit !== '')
                                   .map((row) => row.bit)) === top);
  return table(
      ['memory', 'network', ...groups.map(([a, b]) => a === b ? `bit ${a}` : `bits ${a} to ${b}`)],
      own.flatMap((memory) => networks.map(([network, name]) => [
        memory, name,
        ...groups.map(([a, b]) => inPercent(bitGroup(network, memory, a, b, 'outputs_changed'))),
      ])), 2);
}

function brokenTable() {
  const agreement = (memory, name) =>
      one(rates, {of: memory, name, unit: 'map', figure: 'agreement'});
  const pair = `${networks[1][0]} - ${networks[0][0]}`;
  const names = networks.map(([, name]) => name);
  return table(
      ['memory', 'broken cells', ...names.map((name) => `answers, ${name}`),
       `${names[1]} less ${names[0]}`, ...names.map((name) => `one broken cell, ${name}`)],
      memories.map((memory) => {
        const difference =
            one(rates, {of: memory, name: pair, unit: 'map', figure: 'agreement_difference'});
        return [
          memory, digits(agreement(memory, networks[0][0]).rate * cellsOf(memory)),
          ...networks.map(([network]) => {
            const row = agreement(memory, network);
            return inPercent(
                {value: 1 - row.mean, lower: Math.max(0, 1 - row.upper), upper: 1 - row.lower});
          }),
          inPercent({value: -difference.mean, lower: -difference.upper, upper: -difference.lower}),
          ...networks.map(([network]) => {
            const {critical, faults} = one(cells, {memory, network});
            const {lower, upper} = wilson(critical, faults);
            return `${critical} of ${faults} (${digits(100 * lower)} to ${digits(100 * upper)}%)`;
          }),
        ];
      }));
}

/** All memories of a machine, each cell struck at the same rate. */
const risk = (machine, network, figure, sign = 1) => memories
    .filter((memory) => machine === skipping || memory !== bitmap)
    .map((memory) => ({
      weight: sign * weight(machine, network, memory), of: strikes(machine, network, memory, figure),
    }));

/** Whether all strikes had the same shares of everything on both machines. */
const alike = (machine, other, network) => memories.filter((memory) => memory !== bitmap).every(
    (memory) => ['sdc_any', 'outputs_changed', 'cycles_changed'].every((figure) =>
        strikes(machine, network, memory, figure).value === strikes(other, network, memory, figure).value));

function policiesTable() {
  const none = machines.find(([, policy]) => policy === 'none')[0];
  const difference = (machine, network) => alike(machine, none, network) ? 'the same' : shown(sum([
    ...risk(machine, network, 'outputs_changed'), ...risk(none, network, 'outputs_changed', -1),
  ]));
  return table(
      ['network', 'zeros', 'cycles an image', 'answers changed', 'outputs changed',
       'of them by the bitmap', 'outputs: more than with none'],
      networks.flatMap(([network, name]) => machines.map(([machine, policy]) => [
        name, policy, cyclesOf(machine, network).toFixed(0),
        shown(sum(risk(machine, network, 'sdc_any'))),
        shown(sum(risk(machine, network, 'outputs_changed'))),
        machine === skipping ? shown(sum(risk(machine, network, 'outputs_changed').filter(
                                   (_, i) => memories[i] === bitmap))) : '-',
        machine === none ? '-' : difference(machine, network),
      ])), 2);
}

function timesTable() {
  const figure = (network, memory, name) => one(
      layers, {machine: skipping, name: network, memory, figure: name, unit: 'fault', layer: '', bit: ''});
  return table(
      ['memory', ...networks.flatMap(
          ([, name]) => [`slower, ${name}`, `faster, ${name}`, `most cycles, ${name}`])],
      memories.map((memory) => [
        memory,
        ...networks.flatMap(([network]) => [
          inPercent(share(figure(network, memory, 'slower'))),
          inPercent(share(figure(network, memory, 'faster'))),
          `${figure(network, memory, 'time_most').mean.toFixed(4)}x`,
        ]),
      ]));
}

function speedTable() {
  const own = [...new Set(speed.map((row) => row.of))];
  const chosen = [...new Set(speed.filter((row) => row.unit === 'map').map((row) => row.rate))];
  const shownSpeed = ({mean, lower, upper}) =>
      `${mean.toFixed(3)} (${lower.toFixed(3)} to ${upper.toFixed(3)})`;
  return table(
      ['memory', 'network', 'none broken', ...chosen.map((rate) => `${100 * rate}%`)],
      own.flatMap((memory) => networks.map(([network, name]) => [
        memory, name,
        one(speed, {of: memory, name: network, unit: 'network', figure: 'speedup'}).mean.toFixed(3),
        ...chosen.map((rate) => shownSpeed(
            one(speed, {of: memory, name: network, unit: 'map', figure: 'speedup', rate}))),
      ])), 2);
}

writePage({
  root: resolve(here, '../..'), page: 'docs/guide/fault_location.md',
  blocks: {
    strikes: strikesTable(),
    rates: ratesTable(),
    layers: layersTable(),
    'bits of codes': bitsTable([[0, 0], [1, 1], [2, 2], [3, 3]]),
    'bits of sums': bitsTable([[0, 7], [8, 15], [16, 23], [24, 31]]),
    broken: brokenTable(),
    policies: policiesTable(),
    times: timesTable(),
    speed: speedTable(),
  },
  check: process.argv.includes('--check'), source: 'experiments/fault_location/page.mjs',
});
