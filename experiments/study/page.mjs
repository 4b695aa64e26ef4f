// Writes every table and chart of docs/study.md from results/*.csv, and the table of the search from
// models/train/search/trials.csv. The page's prose stands in the
// page; each block between <!-- NAME --> and <!-- /NAME --> is made here.
//   node experiments/study/page.mjs [--check]    --check: changes nothing, fails if the page differs
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {one, percent, readCsv as readFile, table, writePage} from './blocks.mjs';
import {accuracyChart, radiusChart, sliceChart} from './charts.mjs';
import {pearson, spearman} from './correlation.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const check = process.argv.includes('--check');

const readCsv = (name, folder = join(here, 'results')) => readFile(join(folder, name));

const campaigns = Object.fromEntries(
    ['lenet5', 'resnet8', 'lenet5_2bit', 'lenet5_8bit'].map((name) => [name, readCsv(`${name}.csv`)]));
const maps = Object.values(campaigns).flat();
const latency = readCsv('latency.csv');
const recipes = readCsv('networks.csv');
const radius = readCsv('radius.csv');
const faults = readCsv('faults.csv');
const slice = readCsv('slice.csv');
const trials = readCsv('trials.csv', join(root, 'models/train/search'));

const kinds = [['flip', 'flips'], ['stuck_at_0', 'stuck at 0'], ['stuck_at_1', 'stuck at 1']];
const rates = [...new Set(campaigns.lenet5.map((row) => row.rate))].filter((rate) => rate > 0);
const networks = recipes.map((row) => row.network);
const edge = (network) => /_\dbit$/.test(network) ? `edge_16x16_${network.split('_').pop()}` : 'edge_16x16';
/** lenet5_as_saq_s2 -> lenet5_as_saq */
const family = (network) => network.replace(/_s\d$/, '');
const families = [...new Set(networks.map(family))];
const members = (name) => networks.filter((network) => family(network) === name);
const label = (name) => name.replace(/^(lenet5|resnet8)_/, '').replace('qdnn', 'standard')
    .replace(/_?saq/, ' SAQ').replace('as', 'AS').replace('_', ' ').trim();
const architecture = (name) => name.startsWith('lenet5') ? 'LeNet-5' : 'ResNet-8';

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const points = (share) => `${share < 0 ? '-' : '+'}${Math.abs(100 * share).toFixed(2)}`;
const rateName = (rate) => rate.toExponential(0);
const half = (row) => (row.upper - row.lower) / 2;
const differs = (row) => row.lower > 0 || row.upper < 0;
const interval = (row) => `${points(row.mean)} ± ${(100 * half(row)).toFixed(2)}`;
/** As the interval allows. */
const finding = (row) => differs(row) ? interval(row) : `(${interval(row)})`;

const top1 = (network, kind, rate) =>
    one(maps, {name: network, kind, rate, unit: 'map', figure: 'top1'});
const familyTop1 = (name, kind, rate) => mean(members(name).map((n) => top1(n, kind, rate).mean));

const contrastNames = [...new Set(campaigns.lenet5.filter((r) => r.unit === 'pair').map((r) => r.name))];
/** Over maps (of the mean over training seeds, where there are several) and over training seeds. */
function contrast(campaign, name, kind, rate, figure) {
  const rows = campaigns[campaign];
  const pair = campaign === 'lenet5' ? 'mean' : 1;
  return {
    kind, rate,
    maps: one(rows, {name, kind, rate, unit: 'map', pair, figure}),
    seeds: rows.find((row) => row.name === name && row.kind === kind && row.rate === rate &&
        row.unit === 'pair' && row.figure === figure),
  };
}
const allContrasts = (campaign, name, figure) => kinds.flatMap(
    ([kind]) => rates.map((rate) => contrast(campaign, name, kind, rate, figure)));

function networksTable() {
  return table(
      ['network', 'training', 'bits', 'lambda', 'rho', 'top-1, %', 'density', 'of standard'],
      networks.map((network) => {
        const recipe = one(recipes, {network});
        const run = one(latency, {network, machine: edge(network), batch: 16});
        const standard = network.replace(/_(as_saq|as|qdnn_saq)/, '_qdnn');
        const other = one(latency, {network: standard, machine: edge(network), batch: 16});
        return [
          `\`${network}\``, label(family(network)) + (recipe.seed > 1 ? `, seed ${recipe.seed}` : ''),
          recipe.weight_bits, recipe.lambda, recipe.rho, percent(run.top1, 2),
          run.density.toFixed(3), (run.density / other.density).toFixed(2),
        ];
      }), 2);
}

/** Trials that ran as networks are trained now, by network and values. */
function searchTable() {
  const ordered = trials.filter((row) => !`${row.other}`.includes('pooled after quantising')).sort(
      (a, b) => a.recipe.localeCompare(b.recipe) || a.seed - b.seed || a.epochs - b.epochs ||
          a.learning_rate - b.learning_rate || a.penalty.localeCompare(b.penalty) ||
          a.lambda - b.lambda || a.rho - b.rho);
  return table(
      ['recipe', 'penalty', 'other', 'seed', 'epochs', 'learning rate', 'lambda', 'rho',
       'top-1 held out, %', 'under flips of 1e-2', 'density'],
      ordered.map((row) => [
        `\`${row.recipe}\``, row.lambda > 0 ? row.penalty : '', row.other, row.seed, row.epochs,
        row.learning_rate, row.lambda, row.rho, percent(row.held_out_accuracy, 2),
        row['accuracy_flips_0.01'] === '' ? '' : percent(row['accuracy_flips_0.01'], 2),
        row.density.toFixed(3),
      ]), 3);
}

function accuracyTable() {
  return kinds.map(([kind, name]) => `**${name[0].toUpperCase()}${name.slice(1)}**\n\n` + table(
      ['network', '0', ...rates.map(rateName)],
      families.map((name) => [
        `${architecture(name)} ${label(name)}`,
        percent(mean(members(name).map(
            (n) => one(maps, {name: n, kind: 'none', figure: 'top1'}).mean))),
        ...rates.map((rate) => percent(familyTop1(name, kind, rate))),
      ]))).join('\n\n');
}

function differencesTable(campaign, figure) {
  const several = campaign === 'lenet5';
  return contrastNames.map((name) => `**${name}**\n\n` + table(
      ['rate', ...kinds.flatMap(([, kind]) => several ? [`${kind}: maps`, 'seeds'] : [kind])],
      rates.map((rate) => [
        rateName(rate),
        ...kinds.flatMap(([kind]) => {
          const found = contrast(campaign, name, kind, rate, figure);
          return several ? [finding(found.maps), finding(found.seeds)] : [finding(found.maps)];
        }),
      ]))).join('\n\n');
}

function countsTable() {
  const count = (rows) => [
    rows.filter((row) => row.upper < 0).length, rows.filter((row) => row.lower > 0).length,
    rows.filter((row) => !differs(row)).length,
  ].join(' / ');
  const smallest = (rows) => percent(Math.max(...rows.map(half)), 2);
  const lines = [];
  for (const campaign of ['lenet5', 'resnet8']) {
    for (const name of contrastNames) {
      for (const [figure, what] of [['top1_difference', 'accuracy'], ['lost_top1_difference', 'accuracy lost']]) {
        const all = allContrasts(campaign, name, figure);
        const seeds = all.map((found) => found.seeds).filter(Boolean);
        lines.push([
          architecture(campaign), name, what, count(all.map((found) => found.maps)),
          seeds.length ? count(seeds) : '-', smallest(all.map((found) => found.maps)),
          seeds.length ? smallest(seeds) : '-',
        ]);
      }
    }
  }
  return table(
      ['network', 'contrast', 'of', 'maps: less / more / none found', 'seeds: less / more / none found',
       'maps: could miss up to', 'seeds: could miss up to'], lines, 3);
}

function claimsTable() {
  const claims = [
    ['AS lose more accuracy to faults than standard', '11.13', 'AS - standard', 'lost_top1_difference'],
    ['SAQ raises accuracy under faults, standard', '15.82', 'standard SAQ - standard', 'top1_difference'],
    ['SAQ raises accuracy under faults, AS', '19.50', 'AS SAQ - AS', 'top1_difference'],
    ['SAQ-trained AS beat conventional standard', 'yes', 'AS SAQ - standard', 'top1_difference'],
  ];
  const at = (found) => {
    const kind = kinds.find(([key]) => key === found.kind)[1];
    const seeds = found.seeds ? `; seeds ${finding(found.seeds)}` : '';
    return `${finding(found.maps)}${seeds} (${kind}, ${rateName(found.rate)})`;
  };
  return table(
      ['published', 'up to', 'network', 'largest here', 'smallest here'],
      claims.flatMap(([text, published, name, figure]) => ['lenet5', 'resnet8'].map((campaign) => {
        const all = allContrasts(campaign, name, figure);
        all.sort((a, b) => b.maps.mean - a.maps.mean);
        return [text, published, architecture(campaign), at(all[0]), at(all.at(-1))];
      })), 5);
}

function latencyTable() {
  return table(
      ['network', 'density', ...['edge 16 x 16', 'cloud 32 x 32'].flatMap(
          (machine) => [1, 16].map((batch) => `${machine}, batch ${batch}`))],
      families.map((name) => [
        `${architecture(name)} ${label(name)}`,
        mean(members(name).map((n) => one(latency, {network: n, machine: edge(n), batch: 16}).density))
            .toFixed(3),
        ...[edge(name), 'cloud_32x32'].flatMap((machine) => [1, 16].map((batch) => {
          const runs = members(name).map((network) => one(latency, {network, machine, batch}));
          const gain = (figure) => mean(runs.map((run) => run[figure])).toFixed(2);
          return `${gain('speedup')}x (${gain('stream_speedup')}x)`;
        })),
      ]));
}

function tradeTable() {
  const shown = [1e-3, 1e-2, 3e-2];
  return table(
      ['network', 'cycles, batch 1', 'batch 16', 'fault-free', ...shown.map(rateName)],
      families.map((name) => {
        const cycles = (batch) => Math.round(mean(members(name).map(
            (network) => one(latency, {network, machine: edge(network), batch}).cycles_an_image)));
        return [
          `${architecture(name)} ${label(name)}`, cycles(1), cycles(16),
          percent(mean(members(name).map(
              (n) => one(latency, {network: n, machine: edge(n), batch: 16}).top1)), 2),
          ...shown.map((rate) => percent(familyTop1(name, 'flip', rate))),
        ];
      }));
}

const sharpnessRadius = 0.2;
const sharpnessRate = 0.01;
const rise = (rows, network, size) => {
  const own = rows.filter((row) => row.network === network);
  return own.find((row) => (row.radius ?? row.rate) === size).loss -
      own.find((row) => (row.radius ?? row.rate) === 0).loss;
};
const lost = (network, kind, rate) =>
    one(maps, {name: network, kind, rate, unit: 'map', figure: 'lost_top1'}).mean;

function sharpnessTable() {
  return table(
      ['network', ...[0.1, 0.2, 0.4].map((size) => `radius ${size}`),
       ...[0.003, 0.01, 0.03].map((rate) => `flips ${rateName(rate)}`), 'top-1 lost at 1e-2, points'],
      networks.map((network) => [
        `\`${network}\``, ...[0.1, 0.2, 0.4].map((size) => rise(radius, network, size).toFixed(3)),
        ...[0.003, 0.01, 0.03].map((rate) => rise(faults, network, rate).toFixed(3)),
        percent(lost(network, 'flip', 0.01), 2),
      ]));
}

function correlationTable() {
  const fourBits = networks.filter((network) => !/_\dbit$/.test(network));
  const groups = [['LeNet-5, 4 bits', fourBits.filter((n) => n.startsWith('lenet5'))],
                  ['ResNet-8', fourBits.filter((n) => n.startsWith('resnet8'))]];
  const text = ({value, lower, upper}) => Number.isNaN(lower) ? value.toFixed(2) :
      `${value.toFixed(2)} (${lower.toFixed(2)} to ${upper.toFixed(2)})`;
  return table(
      ['networks', 'n', 'sharpness: rise of the loss', 'accuracy lost to', 'Pearson', 'Spearman'],
      groups.flatMap(([name, group]) => [
        ['at radius 0.2', (n) => rise(radius, n, sharpnessRadius)],
        ['under flips of 1e-2', (n) => rise(faults, n, sharpnessRate)],
      ].flatMap(([what, sharpness]) => [0.003, 0.01, 0.03].map((rate) => {
        const x = group.map(sharpness);
        const y = group.map((n) => lost(n, 'flip', rate));
        return [name, group.length, what, `flips, ${rateName(rate)}`, text(pearson(x, y)),
                text(spearman(x, y))];
      }))), 4);
}

const blocks = {
  networks: networksTable(),
  search: searchTable(),
  accuracy: accuracyTable(),
  counts: countsTable(),
  claims: claimsTable(),
  'lenet5 accuracy': differencesTable('lenet5', 'top1_difference'),
  'lenet5 lost': differencesTable('lenet5', 'lost_top1_difference'),
  'resnet8 accuracy': differencesTable('resnet8', 'top1_difference'),
  'resnet8 lost': differencesTable('resnet8', 'lost_top1_difference'),
  latency: latencyTable(),
  trade: tradeTable(),
  sharpness: sharpnessTable(),
  correlation: correlationTable(),
};

const methods = ['qdnn', 'as', 'qdnn_saq', 'as_saq'];
const pictures = {};
for (const net of ['lenet5', 'resnet8']) {
  const lines = methods.map((method) => ({
    name: label(`${net}_${method}`),
    panels: kinds.map(([kind, title]) => ({
      title,
      points: rates.map((rate) => ({
        x: rate, values: members(`${net}_${method}`).map((n) => 100 * top1(n, kind, rate).mean),
      })),
    })),
  }));
  pictures[`accuracy_${net}.svg`] = accuracyChart(lines);
  pictures[`radius_${net}.svg`] = radiusChart(methods.map((method) => ({
    name: label(`${net}_${method}`),
    points: [...new Set(radius.map((row) => row.radius))].map((size) => ({
      x: size,
      values: members(`${net}_${method}`).map(
          (n) => radius.find((row) => row.network === n && row.radius === size).loss),
    })),
  })));
  pictures[`slice_${net}.svg`] = sliceChart(methods.map((method) => ({
    name: label(`${net}_${method}`),
    cells: slice.filter((row) => row.network === `${net}_${method}`),
  })));
}

writePage({
  root, page: 'docs/study.md', blocks, pictures, pictureFolder: 'docs/study', check,
  source: 'experiments/study/page.mjs',
});
