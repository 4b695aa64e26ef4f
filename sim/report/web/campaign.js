// Campaigns: accuracy against the error rate with intervals, and layers x bits.

const seriesColours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c6bb1',
  '#7f7f7f', '#b2a100', '#a6532f'];
const seriesSymbols = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin'];

const kindName = kind => kind.replace(/_/g, ' ');

/**
 * What curves are drawn of: {mean, lower, upper} of a point, null where it has none; its text; the
 * title, unit and ends of its axis; of shares what there is without faults.
 */
const mapFigures = {
  accuracy: {
    name: 'top-1', title: 'Accuracy', text: value => percent(value), ends: [0, 1],
    what: 'mean top-1 over random maps', dashed: ' Dashed: without faults.',
    of: point => point.top1 === undefined ? null
      : {mean: point.top1, lower: point.lower, upper: point.upper},
    golden: (golden, images) => golden.correct / images,
  },
  agreement: {
    name: 'agreement', title: 'Agreement with the fault-free run', text: value => percent(value),
    ends: [0, 1], what: 'mean share, over random maps, of the images whose top-1 is the fault-free one',
    dashed: '', of: point => point.agreement || null,
  },
  sqnr: {
    name: 'SQNR in dB', title: 'Outputs against fault-free ones', dashed: '',
    text: value => value.toFixed(2) + ' dB', ends: [undefined, undefined],
    what: 'power of the fault-free outputs to the mean squared error over random maps',
    of: point => point.sqnr_db || null,
  },
  speedup: {
    name: 'speed-up', title: 'Speed-up left', text: value => times(value), ends: [undefined, undefined],
    what: 'cycles of the same machine without zero skipping over those under random maps',
    dashed: ' Dashed: without faults.', of: point => point.speedup || null,
    golden: golden => golden.dense_cycles / golden.cycles,
  },
};

/** Points of one machine, network and kind, by rate; those that have the figure. */
function curvesOf(campaign, figure) {
  const several = new Set(campaign.points.map(point => point.machine)).size > 1;
  const curves = new Map();
  for (const point of campaign.points) {
    if (!figure.of(point)) continue;
    const name = point.network + ', ' + kindName(point.kind) + (several ? ', ' + point.machine : '');
    if (!curves.has(name)) curves.set(name, []);
    curves.get(name).push(point);
  }
  for (const points of curves.values()) points.sort((a, b) => a.rate - b.rate);
  return curves;
}

function mapsChart(parent, campaign, figure, id) {
  const curves = [...curvesOf(campaign, figure)];
  const golden = new Map();
  for (const [, points] of curves) {
    const {machine, network} = points[0];
    golden.set(network, campaign.golden.find(g => g.machine === machine && g.network === network));
  }
  const networks = [...golden.keys()];
  const level = percent(campaign.confidence, campaign.confidence * 100 % 1 ? 1 : 0);
  addChart(parent, {
    id, command: campaign.command, height: 460,
    title: figure.title + ' against the error rate of ' +
      (campaign.memories === 'weight_sram' ? 'the weight SRAM' : campaign.memories),
    note: 'Lines: ' + figure.what + ', of ' + whole(campaign.images) + ' images. Bands: ' + level +
      ' intervals of the mean (Student-t, over maps).' + figure.dashed,
    option: colours => ({
      grid: {left: 64, right: 30, top: 64, bottom: 48},
      legend: legend(colours, {data: curves.map(([name]) => name), type: 'plain'}),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'item',
        formatter: item => {
          const point = curves[item.seriesIndex % curves.length][1][item.dataIndex];
          return point ? tipText(item.seriesName, [
            ['rate', point.rate], ['maps', point.maps],
            ...Object.values(mapFigures).filter(own => own.of(point)).flatMap(own => {
              const {mean, lower, upper} = own.of(point);
              return [[own.name, own.text(mean)], ...(lower === null || upper === null ? []
                : [[level + ' interval', own.text(lower) + ' to ' + own.text(upper)]])];
            }),
            ...(point.top1 === undefined ? []
              : [['worst and best map', percent(point.least) + ' to ' + percent(point.most)]]),
            ...(point.rmse ? [['RMSE', Number(point.rmse.mean.toPrecision(4))]] : []),
            ['images that are SDC', percent(point.sdc)],
            ['cycles an image', point.cycles_an_image.toFixed(1)]]) : '';
        },
      },
      xAxis: axis(colours, {type: 'log', name: 'share of faulty cells', nameLocation: 'middle',
        nameGap: 28, min: 'dataMin', max: 'dataMax', axisLabel: {
          color: colours.muted, formatter: value => Number(value.toPrecision(3)).toExponential()}}),
      yAxis: axis(colours, {type: 'value', name: figure.name, min: figure.ends[0],
        max: figure.ends[1], axisLabel: {color: colours.muted,
          formatter: value => figure.ends[1] === 1 ? percent(value, 0) : String(value)}}),
      series: [
        ...curves.map(([name, points], i) => ({
          name, type: 'line', color: seriesColours[i % seriesColours.length],
          symbol: seriesSymbols[networks.indexOf(points[0].network) % seriesSymbols.length],
          symbolSize: 7, lineStyle: {width: 2}, z: 3,
          data: points.map(point => [point.rate, figure.of(point).mean]),
          markLine: figure.golden && curves.findIndex(([, other]) => other[0].network === points[0].network) === i ? {
            symbol: 'none', silent: true, animation: false,
            lineStyle: {type: 'dashed', color: seriesColours[i % seriesColours.length], opacity: 0.7},
            label: {show: false},
            data: [{yAxis: figure.golden(golden.get(points[0].network), campaign.images)}],
          } : undefined,
        })),
        ...curves.map(([name, points], i) => bandSeries(name,
          points.map(point => [point.rate, figure.of(point).lower, figure.of(point).upper]),
          seriesColours[i % seriesColours.length])),
      ],
    }),
    rows: () => [
      ['machine', 'network', 'kind', 'rate', 'maps', 'failed', 'top1', 'lower', 'upper', 'least',
        'most', 'sdc', 'cycles_an_image', ...['agreement', 'rmse', 'sqnr_db', 'speedup'].flatMap(
          key => [key, key + '_lower', key + '_upper'])],
      ...campaign.points.map(p => [p.machine, p.network, p.kind, p.rate, p.maps, p.failed, p.top1,
        p.lower, p.upper, p.least, p.most, p.sdc, p.cycles_an_image,
        ...[p.agreement, p.rmse, p.sqnr_db, p.speedup].flatMap(own => own ? [own.mean, own.lower, own.upper]
          : [null, null, null])]),
    ],
  });
}

/**
 * The band of a curve: one polygon through the upper bounds and back through the lower ones. Points
 * are [x, lower, upper].
 */
function bandSeries(name, points, colour) {
  const known = points.filter(([, ...ends]) => ends.every(end => end !== null && !Number.isNaN(end)));
  return {
    name, type: 'custom', silent: true, color: colour, z: 1, clip: true,
    encode: {x: 0, y: [1, 2]}, data: known,
    renderItem: (params, api) => {
      if (params.dataIndexInside > 0) return null;
      const up = known.map(([x, , upper]) => api.coord([x, upper]));
      const down = known.map(([x, lower]) => api.coord([x, lower])).reverse();
      return {type: 'polygon', shape: {points: [...up, ...down]},
        style: {fill: colour, opacity: 0.18}};
    },
  };
}

/** Shares by row and column, of {row, column, share}; tip(i) is what entry i says on hover. */
function heatMap(colours, rows, columns, left, entries, tip) {
  const most = Math.max(...entries.map(own => own.share), 1e-9);
  const ink = share => share > 0.75 * most ? colours.page : share > 0.3 * most ? '#1c2126' : colours.text;
  return {
    grid: {left, right: 20, top: 10, bottom: 80},
    tooltip: {...baseOption(colours).tooltip, formatter: item => tip(item.dataIndex)},
    xAxis: axis(colours, {type: 'category', data: columns, splitLine: {show: false}}),
    yAxis: axis(colours, {type: 'category', data: rows, inverse: true, splitLine: {show: false}}),
    visualMap: {
      type: 'continuous', min: 0, max: most, orient: 'horizontal', left: 'center', bottom: 0,
      precision: 4, itemHeight: 160, itemWidth: 12, textStyle: {color: colours.muted},
      text: [percent(most, 1), '0%'], formatter: value => percent(value, 1),
      inRange: {color: ['heat0', 'heat1', 'heat2', 'heat3', 'heat4', 'heat5'].map(c => colours[c])},
    },
    series: [{
      type: 'heatmap', data: entries.map(own => ({
        value: [own.column, own.row, own.share], label: {color: ink(own.share)}})),
      label: {show: columns.length <= 16, formatter: item => percent(item.value[2], 1)},
      itemStyle: {borderColor: colours.page, borderWidth: 1},
    }],
  };
}

function matrixChart(parent, campaign, sites, id) {
  const {rows, columns, entries, by} = sites.matrix;
  const share = entry => entry.critical / entry.faults * entry.of_all;
  const measured = campaign.exhaustive ? 'Every site was struck.' : 'Sampled; the interval is ' +
    percent(campaign.confidence, 0) + ' (Wilson), on hover.';
  addChart(parent, {
    id, command: campaign.command, height: 110 + 34 * rows.length,
    title: 'Share of critical faults by ' + by.join(' and ') +
      ': ' + siteTitle(sites),
    note: 'Critical: ' + (classesOf(campaign) ? 'the top-1' : 'the top-1 (without classes any output value)') +
      ' of more than ' + percent(campaign.critical_share) + ' of the ' +
      whole(campaign.images) + ' images changes. ' + measured + (!sites.matrix.strata && sites.of === 'cells'
      ? ' A cell counts for the first weight that it holds.' : ''),
    option: colours => heatMap(colours, rows, columns, 110,
      entries.map(entry => ({row: entry.row, column: entry.column, share: share(entry)})), place => {
        const entry = entries[place];
        return tipText(rows[entry.row] + ', ' + columns[entry.column], [
          ['critical', percent(share(entry))],
          ['interval', percent(entry.lower) + ' to ' + percent(entry.upper)],
          ['faults', whole(entry.critical) + ' of ' + whole(entry.faults)]]);
      }),
    rows: () => [
      ['row', 'column', 'faults', 'critical', 'share', 'lower', 'upper'],
      ...entries.map(e => [rows[e.row], columns[e.column], e.faults, e.critical, share(e), e.lower,
        e.upper]),
    ],
  });
}

const classesOf = campaign => campaign.golden.every(golden => golden.classes);
/** Of a count that may be none. */
const shareText = (count, of) => count === null ? '-' : percent(count / of);

const siteTitle = sites => sites.network + ' on ' + sites.machine + ', ' + kindName(sites.kind) +
  (sites.shape === 'cell' ? '' : ' of a ' + sites.shape) +
  (sites.memory === 'weight_sram' ? '' : ' of ' + sites.memory);

const withInterval = own => own.share === null ? '-' : percent(own.share) +
  (own.lower === own.upper ? '' : ' (' + percent(own.lower) + ' to ' + percent(own.upper) + ')');

/** Memories by layers: the share of the faults that change an answer; on hover what else they do. */
function vulnerabilityChart(parent, campaign, id) {
  const entries = campaign.vulnerability.filter(own => own.bit === null);
  if (!entries.some(own => own.layer)) return;
  const rowOf = own => siteTitle({...own, memory: 'weight_sram'}) + ': ' + own.memory;
  const columnOf = own => own.layer || 'all';
  const rows = [...new Set(entries.map(rowOf))];
  const columns = [...new Set(entries.map(columnOf))];
  addChart(parent, {
    id, command: campaign.command, height: 110 + 34 * rows.length,
    title: 'Vulnerability by memory and layer',
    note: 'Share of the faults under which an image is SDC. Strata weigh by their sizes; ' +
      percent(campaign.confidence, 0) + ' intervals on hover.',
    option: colours => heatMap(colours, rows, columns, 330, entries.map(own => ({
      row: rows.indexOf(rowOf(own)), column: columns.indexOf(columnOf(own)),
      share: own.answers.share || 0})), place => {
      const own = entries[place];
      return tipText(own.memory + ', ' + columnOf(own), [
        ['answers', withInterval(own.answers)],
        ...(own.top5 ? [['answers, top-5', withInterval(own.top5)]] : []),
        ['outputs', withInterval(own.outputs)],
        ['cycles', withInterval(own.cycles)], ['faults', whole(own.trials)]]);
    }),
    rows: () => [
      ['machine', 'network', 'kind', 'shape', 'memory', 'layer', 'faults', ...['answers', 'outputs',
        'cycles', 'top5'].flatMap(key => [key, key + '_lower', key + '_upper'])],
      ...entries.map(own => [own.machine, own.network, own.kind, own.shape, own.memory, own.layer,
        own.trials, ...[own.answers, own.outputs, own.cycles, own.top5].flatMap(
          share => share ? [share.share, share.lower, share.upper] : [null, null, null])]),
    ],
  });
}

/** Memories, and their layers where strata have them: shares of the strikes by where they ended. */
function endingsChart(parent, campaign, id) {
  const bars = campaign.endings.filter(own => own.ended_in === null);
  if (!bars.length) return;
  // What all bars have in common is not said at each.
  const groupOf = own => siteTitle({...own, memory: 'weight_sram'});
  const groups = new Set(bars.map(groupOf));
  const nameOf = own => (groups.size > 1 ? groupOf(own) + ': ' : '') + own.memory +
    (own.layer ? ', ' + own.layer : '');
  const left = groups.size > 1 ? 420 : 210;
  const names = bars.map(nameOf);
  const layersOf = own => campaign.endings.filter(other => other.ended_in !== null && !own.layer &&
    ['machine', 'network', 'kind', 'shape', 'memory'].every(key => other[key] === own[key]));
  addChart(parent, {
    id, command: campaign.command, height: 120 + 30 * bars.length,
    title: 'Where strikes ended' + (groups.size > 1 ? '' : ': ' + groupOf(bars[0])),
    note: 'Share of the strikes by the first that applies to the image that came farthest. Strata ' +
      'weigh by their sizes; intervals and the layers on hover.',
    option: colours => ({
      grid: {left, right: 30, top: underLegend(), bottom: 40},
      legend: legend(colours, {data: campaign.stages.map(stage => stage.name)}),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'item',
        formatter: item => {
          const own = bars[item.dataIndex];
          const stage = item.seriesIndex;
          return tipText(item.seriesName, [
            ['meaning', campaign.stages[stage].meaning],
            ['share', withInterval(own.stages[stage])], ['strikes', whole(own.trials)],
            ...layersOf(own).filter(other => other.stages[stage].share > 0).map(
              other => ['in ' + other.ended_in, withInterval(other.stages[stage])])]);
        },
      },
      xAxis: axis(colours, {type: 'value', min: 0, max: 1, axisLabel: {
        color: colours.muted, formatter: value => percent(value, 0)}}),
      yAxis: axis(colours, {type: 'category', data: names, inverse: true,
        axisLabel: {color: colours.muted, width: left - 20, overflow: 'truncate'}}),
      series: campaign.stages.map((stage, i) => ({
        name: stage.name, type: 'bar', stack: 'ended', barMaxWidth: 22,
        itemStyle: {color: i < 2 ? colours.line : seriesColours[(i - 2) % seriesColours.length],
          opacity: i === 1 ? 0.5 : 1},
        data: bars.map(own => own.stages[i].share || 0),
      })),
    }),
    rows: () => [
      ['machine', 'network', 'kind', 'shape', 'memory', 'layer', 'ended_in', 'strikes',
        ...campaign.stages.flatMap(({key}) => [key, key + '_lower', key + '_upper'])],
      ...campaign.endings.map(own => [own.machine, own.network, own.kind, own.shape, own.memory,
        own.layer, own.ended_in, own.trials,
        ...own.stages.flatMap(share => [share.share, share.lower, share.upper])]),
    ],
  });
}

function vulnerabilityTables(parent, campaign) {
  if (!campaign.vulnerability.length) return;
  const place = [['network', own => own.network, true], ['machine', own => own.machine, true],
    ['kind', own => kindName(own.kind) + (own.shape === 'cell' ? '' : ' of a ' + own.shape), true],
    ['memory', own => own.memory, true]];
  parent.append(element('h3', {}, 'Vulnerability: faults that change answers, outputs, cycles'));
  const layers = campaign.vulnerability.some(own => own.layer);
  const bits = campaign.vulnerability.some(own => own.bit !== null);
  addTable(parent, [...place, ...(layers ? [['layer', own => own.layer || 'all', true]] : []),
    ...(bits ? [['bit', own => own.bit === null ? 'all' : own.bit === 1000 ? 'left over'
      : String(own.bit)]] : []),
    ['faults', own => whole(own.trials)], ['answers', own => withInterval(own.answers)],
    ...(campaign.vulnerability.some(own => own.top5)
      ? [['answers, top-5', own => own.top5 ? withInterval(own.top5) : '-']] : []),
    ['outputs', own => withInterval(own.outputs)], ['cycles', own => withInterval(own.cycles)],
  ], campaign.vulnerability);
  if (campaign.held.length) {
    parent.append(element('h3', {}, 'Strikes by what the cell held'));
    parent.append(element('p', {class: 'note'}, 'Shares of all strikes on the memory: those of its ' +
      'layers add up to its own. The layer is that of the weights, map or sums that were still to be read.'));
    addTable(parent, [...place, ['holds', own => own.holds, true],
      ['strikes', own => withInterval(own.strikes)], ['answers', own => withInterval(own.answers)],
      ['outputs', own => withInterval(own.outputs)], ['cycles', own => withInterval(own.cycles)],
    ], campaign.held);
  }
  if (campaign.costly.length) {
    parent.append(element('h3', {}, 'The faults that cost most cycles'));
    addTable(parent, [['trial', own => whole(own.trial)], ['network', own => own.network, true],
      ['machine', own => own.machine, true], ['fault', own => own.fault, true],
      ['cycles', own => '+' + whole(own.cycles)], ['of before', own => times(own.ratio)],
    ], campaign.costly);
  }
  if (campaign.soft_errors.length) {
    parent.append(element('h3', {}, 'Soft errors'));
    const some = key => campaign.soft_errors.some(own => own[key] !== null);
    const number = value => String(Number(value.toPrecision(4)));
    const fit = own => own.raw_fit === null || own.avf.share === null ? '-'
      : number(own.raw_fit * own.avf.share) + ' (' + number(own.raw_fit * own.avf.lower) + ' to ' +
        number(own.raw_fit * own.avf.upper) + ')';
    addTable(parent, [...place,
      ...(some('candidates') ? [
        ['candidates', own => own.candidates === null ? '-' : percent(own.candidates)],
        ['of candidates', own => own.of_candidates ? withInterval(own.of_candidates) : '-']] : []),
      ['AVF', own => withInterval(own.avf)],
      ['Mbit', own => own.mbit === null ? '-' : number(own.mbit)],
      ...(some('raw_fit') ? [['FIT', fit]] : []),
    ], campaign.soft_errors);
  }
  parent.append(element('h3', {}, 'Cycles under faults over those without'));
  const ratio = value => value.toFixed(4);
  const late = campaign.times.some(own => own.late !== null);
  addTable(parent, [...place, ['median', own => ratio(own.median)], ['99%', own => ratio(own.p99)],
    ['99.9%', own => ratio(own.p999)], ['most', own => ratio(own.most)],
    ['slower', own => withInterval(own.slower)], ['faster', own => withInterval(own.faster)],
    ...(late ? [['late', own => own.late === null ? '-' : percent(own.late)],
      ['late before', own => own.late_before === null ? '-' : percent(own.late_before)]] : []),
  ], campaign.times);
}

function campaignSummary(parent, sections) {
  const list = sections.flatMap(s => s.data.golden.map(golden => ({s, golden})));
  addTable(parent, [
    ['campaign', r => r.s.file, true], ['name', r => r.s.data.name, true],
    ['network', r => r.golden.network, true], ['machine', r => r.golden.machine, true],
    ['trials, all', r => whole(r.s.data.trials)], ['images', r => whole(r.s.data.images)],
    ['top-1, no fault', r => shareText(r.golden.correct, r.s.data.images)],
    ['cycles an image', r => whole(r.golden.cycles / r.s.data.images)],
    ['speed-up', r => times(r.golden.dense_cycles / Math.max(1, r.golden.cycles))],
  ], list);
}

function campaignCards(parent, campaign) {
  const cards = [[whole(campaign.trials), 'trials of ' + whole(campaign.images) + ' images']];
  if (campaign.lost > 0) {
    cards.push([whole(campaign.lost), 'lost trials, without an outcome']);
  }
  for (const sites of campaign.sites) {
    const of = siteTitle(sites);
    const faults = Math.max(1, sites.faults);
    if (sites.faults === sites.sites) {
      cards.push([percent(sites.critical / faults), 'critical: ' + of],
        [percent(sites.masked / faults), 'masked: ' + of]);
    } else if (sites.matrix) {
      const {rows, columns, entries} = sites.matrix;
      const share = entry => entry.critical / entry.faults * entry.of_all;
      const worst = entries.reduce((a, b) => share(b) > share(a) ? b : a, entries[0]);
      cards.push([percent(share(worst), 1) + ' critical',
        rows[worst.row] + ' ' + columns[worst.column] + ': ' + of]);
    }
  }
  const named = Object.values(mapFigures).find(figure => curvesOf(campaign, figure).size);
  for (const [name, points] of named ? curvesOf(campaign, named) : []) {
    const last = points[points.length - 1];
    cards.push([named.text(named.of(last).mean),
      (named === mapFigures.accuracy ? '' : named.name + ': ') + name + ' at ' + last.rate]);
  }
  addCards(parent, cards);
}

function fileTable(parent, campaign) {
  if (!campaign.files.length) return;
  parent.append(element('h3', {}, 'Fault files'));
  addTable(parent, [
    ['file', f => f.file, true], ['network', f => f.network, true], ['machine', f => f.machine, true],
    ['status', f => f.status, true], ['armed', f => whole(f.armed)], ['fired', f => whole(f.fired)],
    ['top-1', f => shareText(f.correct, campaign.images)],
    ['SDC', f => percent(f.sdc / campaign.images)],
    ['RMSE', f => f.rmse === null ? '-' : Number(f.rmse.toPrecision(4))],
    ['SQNR in dB', f => f.sqnr_db === null ? '-' : f.sqnr_db.toFixed(2)],
    ['cycles an image', f => whole(f.cycles / campaign.images)],
  ], campaign.files);
}

async function campaignSection(parent, section, id) {
  const campaign = section.data;
  parent.append(element('h2', {}, 'Campaign ' + campaign.name));
  parent.append(element('p', {class: 'muted'}, section.file + ', lacuna ' + campaign.version +
    '. SHA-256: plan ' + campaign.hashes.plan.slice(0, 12) + ', inputs ' +
    campaign.hashes.inputs.slice(0, 12)));
  campaignCards(parent, campaign);
  for (const [name, figure] of Object.entries(mapFigures)) {
    if (curvesOf(campaign, figure).size) mapsChart(parent, campaign, figure, id + '-maps-' + name);
  }
  fileTable(parent, campaign);
  vulnerabilityChart(parent, campaign, id + '-vulnerability');
  endingsChart(parent, campaign, id + '-endings');
  vulnerabilityTables(parent, campaign);
  for (const [i, sites] of campaign.sites.entries()) {
    const own = id + '-sites-' + i;
    if (sites.matrix && sites.matrix.entries.length) {
      matrixChart(parent, campaign, sites, own + '-matrix');
    }
    if (sites.cells) await cellMap(parent, campaign, sites, own + '-cells');
    if (sites.left_out) {
      parent.append(element('p', {class: 'note'}, siteTitle(sites) +
        ': too many cells for a map in a page; lacuna campaign export has them.'));
    }
  }
}
