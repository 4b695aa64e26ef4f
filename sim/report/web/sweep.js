// Sweeps: figures over the grid, points that cannot be mapped, fault exposure and the Pareto set.

const mostLines = 24;
const mostRowsShown = 20;
const mostInSvg = 2000;  // points; more are drawn on a canvas

const shareFigure = figure => /^(top1|agreement)/.test(figure.key);

function figureText(figure, value) {
  if (Number.isNaN(value)) return '-';
  if (shareFigure(figure)) return percent(value);
  if (figure.unit === 'x') return times(value);
  if (figure.unit === 'pJ' && value >= 1e6) return (value / 1e6).toFixed(2) + ' \u00b5J';
  if (figure.unit === 'pJ' && value >= 1e3) return (value / 1e3).toFixed(1) + ' nJ';
  if (figure.unit === 'bits' && value >= 8192) return whole(value / 8192) + ' KiB';
  const text = Math.abs(value) >= 1000 ? whole(value) : String(Number(value.toPrecision(4)));
  return figure.unit && figure.unit !== figure.key ? text + ' ' + figure.unit : text;
}

/** A value of a key as a label: capacities in KiB and MiB. */
function keyText(key, value) {
  if (!key.name.endsWith('capacity_bytes') || !(value % 1024 === 0)) return String(value);
  return value % 1048576 === 0 ? value / 1048576 + ' MiB' : value / 1024 + ' KiB';
}

/** "/a/b/lenet5.csv" -> "lenet5". */
const shortName = path => path.replace(/\/+$/, '').replace(/^.*\//, '').replace(/(.)\.[^.]*$/, '$1');

/** Columns, unpacked: keys {name, values, at}, the network first, and figures {key, name, values}. */
async function unpackSweep(sweep) {
  const names = sweep.inputs.map(shortName);
  const unique = new Set(names).size === names.length;
  const keys = [{name: 'network', values: unique ? names : sweep.inputs, at: await unpack(sweep.input)}];
  for (const axis of sweep.axes) {
    keys.push({name: axis.key, values: axis.values, at: await unpack(axis.at)});
  }
  for (const key of keys) {
    const numbers = key.values.map(Number);
    key.numeric = key.name !== 'network' && numbers.every(Number.isFinite);
    key.order = key.numeric ? numbers : numbers.map((_, i) => i);
  }
  const figures = [];
  for (const column of sweep.columns) {
    figures.push({key: column.name, name: column.name, header: column.header, unit: column.unit,
      meaning: column.meaning, less: column.less,
      values: await unpack(column.values)});
  }
  for (const {figure, share, measure, value, mean, lower, upper} of sweep.faults) {
    const key = figure + '_' + measure + '_' + value;
    const name = {top1: 'top-1', rmse: 'RMSE'}[figure] || figure;
    figures.push({key, header: key, unit: '', less: !share,
      name: name + (measure === 'rate' ? ' at error rate ' + value : ' with ' + value + ' faulty cells'),
      values: await unpack(mean), lower: await unpack(lower), upper: await unpack(upper)});
  }
  return {
    ...sweep, keys, number: await unpack(sweep.number), mapped: await unpack(sweep.mapped),
    reasons: await unpack(sweep.reasons),
    figures: figures.filter(figure => figure.values.some(value => !Number.isNaN(value))),
  };
}

const figureOf = (sweep, key) => sweep.figures.find(figure => figure.key === key);
const valueOf = (key, i) => key.values[key.at[i]];
const varying = sweep => sweep.keys.filter(key => key.values.length > 1);
const pointName = (sweep, i) => varying(sweep).slice(sweep.inputs.length > 1 ? 1 : 0)
  .map(key => key.name + ' ' + keyText(key, valueOf(key, i))).join(', ') || 'the only machine';
const pointLines = (sweep, i) => sweep.keys.map(key => [key.name, keyText(key, valueOf(key, i))]);

/** Keys besides `x` that tell points apart: not those that a constraint ties to one before. */
function freeKeys(sweep, x) {
  const free = [];
  for (const key of varying(sweep)) {
    if (key === x) continue;
    const tied = [x, ...free].some(other => {
      const seen = new Map();
      return other.at.every((value, i) => {
        if (!seen.has(value)) seen.set(value, key.at[i]);
        return seen.get(value) === key.at[i];
      });
    });
    if (!tied) free.push(key);
  }
  return free;
}

/** Points of each line, by x: one line for each value of `by`, or for each combination of keys. */
function linesOf(sweep, x, by, fixed) {
  const lines = new Map();
  for (let i = 0; i < sweep.points; i++) {
    if (fixed.some(([key, value]) => key.values[key.at[i]] !== value)) continue;
    const name = by.map(key => (key.name === 'network' ? '' : key.name.replace(/^.*\./, '') + ' ') +
      keyText(key, valueOf(key, i))).join(', ') || sweep.name;
    if (!lines.has(name)) lines.set(name, []);
    lines.get(name).push(i);
  }
  for (const points of lines.values()) points.sort((a, b) => x.order[x.at[a]] - x.order[x.at[b]]);
  return [...lines];
}

/** An axis over a key: logarithmic where its numbers span more than a factor of 20. */
function keyAxis(colours, key) {
  const common = {name: key.name, nameLocation: 'middle', nameGap: 28};
  if (!key.numeric) {
    return axis(colours, {...common, type: 'category', data: key.values});
  }
  const least = Math.min(...key.order), most = Math.max(...key.order);
  const log = least > 0 && most / least > 20;
  const ticks = key.order.length <= 40 ? {customValues: key.order} : {};
  const binary = key.order.every(value => Number.isInteger(Math.log2(value)));
  return axis(colours, {
    ...common, type: log ? 'log' : 'value', logBase: binary ? 2 : 10, min: least, max: most,
    axisTick: {...ticks, lineStyle: {color: colours.line}},
    axisLabel: {color: colours.muted, hideOverlap: true, ...ticks,
      formatter: value => keyText(key, Number(value.toPrecision(12)))},
  });
}

/** A figure over a key of the grid; what is drawn is chosen by the reader. */
function gridChart(parent, sweep, {id, title, figures, chosen}) {
  const keys = varying(sweep);
  const numeric = keys.filter(key => key.numeric);
  const longest = list => list.reduce((a, b) => b.values.length > a.values.length ? b : a, list[0]);
  const view = {figure: chosen, x: longest(numeric.length ? numeric : keys), by: null, fixed: new Map()};
  const combinations = () => linesOf(sweep, view.x, freeKeys(sweep, view.x), []).length;
  const settle = () => {
    const free = freeKeys(sweep, view.x);
    const fit = free.filter(key => key.values.length <= 10);
    view.by = combinations() <= 6 || !free.length ? null : longest(fit.length ? fit : free);
    view.fixed = new Map(free.map(key => [key, key.values[0]]));
  };
  const by = () => view.by ? [view.by] : freeKeys(sweep, view.x);
  const fixed = () => view.by ? [...view.fixed].filter(([key]) => key !== view.by) : [];
  const large = sweep.points > mostInSvg;
  let lines = [];
  const controls = element('div', {class: 'controls'});
  const offer = () => {
    controls.replaceChildren();
    const change = set => value => {
      set(value);
      show();
    };
    addChoice(controls, 'figure', figures.map(f => [f.key, f.name]), view.figure.key,
      change(value => view.figure = figureOf(sweep, value)));
    addChoice(controls, 'over', keys.map(key => [key.name, key.name]), view.x.name,
      change(value => {
        view.x = keys.find(key => key.name === value);
        settle();
      }));
    const free = freeKeys(sweep, view.x);
    if (free.length > 1) {
      addChoice(controls, 'a line for each', [['', 'combination'], ...free.map(key => [key.name, key.name])],
        view.by ? view.by.name : '', change(value => view.by = free.find(key => key.name === value) || null));
    }
    for (const [key] of fixed()) {
      addChoice(controls, key.name, key.values.map(value => [value, keyText(key, value)]),
        view.fixed.get(key), change(value => view.fixed.set(key, value)));
    }
  };
  const xOf = i => view.x.numeric ? view.x.order[view.x.at[i]] : view.x.at[i];
  const tip = item => {
    const i = item.value[2];
    const {lower, upper} = view.figure;
    if (!sweep.mapped[i]) {
      return tipText('cannot be mapped', [...pointLines(sweep, i), ['reason', reasonOf(sweep, i)]]);
    }
    return tipText(view.figure.name + ': ' + figureText(view.figure, view.figure.values[i]), [
      ...(lower ? [[percent(sweep.confidence, 0) + ' interval',
        figureText(view.figure, lower[i]) + ' to ' + figureText(view.figure, upper[i])]] : []),
      ...pointLines(sweep, i), ['point', sweep.number[i]]]);
  };
  const series = () => {
    const {values, lower, upper} = view.figure;
    const colour = line => seriesColours[line % seriesColours.length];
    return [
      ...lines.map(([name, points], line) => ({
        name, type: 'line', color: colour(line), symbolSize: 7, lineStyle: {width: 2}, z: 3,
        symbol: seriesSymbols[line % seriesSymbols.length],
        ...(large ? {sampling: 'lttb'} : {}),
        data: points.filter(i => sweep.mapped[i]).map(i => [xOf(i), values[i], i]),
      })),
      ...(lower ? lines.map(([name, points], line) => bandSeries(name,
        points.filter(i => sweep.mapped[i]).map(i => [xOf(i), lower[i], upper[i]]), colour(line))) : []),
      ...lines.map(([name, points], line) => ({
        name, type: 'custom', color: colour(line), z: 4, encode: {x: 0}, data: points
          .filter(i => !sweep.mapped[i]).map(i => [xOf(i), null, i]),
        renderItem: (params, api) => {
          const {y, height} = params.coordSys;
          const at = [api.coord([api.value(0), 0])[0], y + height - 8 - 12 * (line % 12)];
          return {type: 'path', x: at[0], y: at[1],
            shape: {pathData: 'M-5,-5L5,5M-5,5L5,-5', x: -5, y: -5, width: 10, height: 10},
            style: {fill: 'none', stroke: api.visual('color'), lineWidth: 2.5}};
        },
      })).filter(one => one.data.length),
    ];
  };
  const option = colours => {
    const share = shareFigure(view.figure);
    const drawn = lines.flatMap(([, points]) => points).filter(i => sweep.mapped[i])
      .flatMap(i => [view.figure.values[i], ...(view.figure.lower ? [view.figure.lower[i]] : [])]);
    const least = Math.min(...drawn), most = Math.max(...drawn);
    return {
      grid: {left: 76, right: 30, top: underLegend() + 4, bottom: 48},
      legend: legend(colours, {data: lines.map(([name]) => name)}),
      tooltip: {...baseOption(colours).tooltip, trigger: 'item', formatter: tip},
      xAxis: keyAxis(colours, view.x),
      yAxis: axis(colours, {
        type: least > 0 && most / least > 30 ? 'log' : 'value', name: view.figure.name +
          (view.figure.unit && view.figure.unit !== view.figure.key ? ', ' + view.figure.unit : ''),
        nameTextStyle: {color: colours.muted, align: 'left', padding: [0, 0, 0, -60]},
        scale: least > 0.5 * most,
        // An interval of a share may reach beyond 1, the axis does not.
        ...(share ? {max: extent => extent.max > 1 ? 1 : null} : {}),
        axisLabel: {color: colours.muted, formatter: value => share ? percent(value, 0)
          : Math.abs(value) >= 1000 ? whole(value) : String(Number(value.toPrecision(4)))},
      }),
      series: series(),
    };
  };
  const note = () => {
    const kept = fixed().map(([key, value]) => key.name + ' ' + keyText(key, value)).join(', ');
    const missing = lines.flatMap(([, points]) => points).filter(i => !sweep.mapped[i]).length;
    return view.figure.name + ' over ' + view.x.name + (kept ? ', of ' + kept : '') + '. ' +
      (view.figure.meaning ? view.figure.name + ': ' + view.figure.meaning + '. ' : '') +
      (view.figure.lower ? 'Means of ' + sweep.maps + ' maps; bands: ' + percent(sweep.confidence, 0) +
        ' intervals (Student-t, over maps). ' : '') +
      (missing ? 'Crosses: ' + missing + ' points that cannot be mapped. ' : '') +
      (all > lines.length ? 'Drawn are ' + lines.length + ' of ' + all + ' lines.' : '');
  };
  let all = 0;
  const choose = () => {
    lines = linesOf(sweep, view.x, by(), fixed());
    all = lines.length;
    lines = lines.slice(0, mostLines);
    offer();
  };
  settle();
  choose();
  const {draw} = addChart(parent, {
    id, title, note, controls, option, command: sweep.command, height: 430, svg: !large,
    rows: function* () {
      const {header, values, lower, upper} = view.figure;
      yield ['line', 'point', ...sweep.keys.map(k => k.name), header, ...(lower ? ['lower', 'upper'] : []),
        'status', 'reason'];
      for (const [name, points] of lines) {
        for (const i of points) {
          yield [name, sweep.number[i], ...sweep.keys.map(k => valueOf(k, i)), number(values[i]),
            ...(lower ? [number(lower[i]), number(upper[i])] : []), ...stateOf(sweep, i)];
        }
      }
    },
  });
  const show = () => {
    choose();
    draw();
  };
}

const number = value => Number.isNaN(value) ? '' : value;
const stateOf = (sweep, i) => sweep.mapped[i] ? ['done', ''] : ['unmappable', reasonOf(sweep, i)];

/** Reasons stand in the order of the points that have one. */
function reasonOf(sweep, i) {
  if (!sweep.reasonAt) {
    sweep.reasonAt = new Map();
    sweep.mapped.forEach((mapped, point) => {
      if (!mapped) sweep.reasonAt.set(point, sweep.reasons[sweep.reasonAt.size]);
    });
  }
  return sweep.reasonAt.get(i);
}

/** Points that no other point of the same network dominates in the figures; equal ones stay. */
function paretoPoints(sweep, figures) {
  const best = new Uint8Array(sweep.points);
  const columns = figures.map(figure => figure.less ? figure.values : figure.values.map(value => -value));
  const network = sweep.keys[0];
  for (let input = 0; input < network.values.length; input++) {
    const points = [];
    for (let i = 0; i < sweep.points; i++) {
      if (network.at[i] === input && columns.every(c => !Number.isNaN(c[i]))) points.push(i);
    }
    const order = (a, b) => {
      for (const column of columns) if (column[a] !== column[b]) return column[a] - column[b];
      return 0;
    };
    points.sort((a, b) => order(a, b) || a - b);
    const set = [];  // one of each group of equal points
    for (const [place, i] of points.entries()) {
      if (place && order(points[place - 1], i) === 0) {
        best[i] = best[points[place - 1]];
      } else if (!set.some(other => columns.every(column => column[other] <= column[i]))) {
        set.push(i);
        best[i] = 1;
      }
    }
  }
  return best;
}

function paretoChart(parent, sweep, id) {
  const known = sweep.pareto.map(key => figureOf(sweep, key)).filter(Boolean);
  const usual = ['cycles', 'sram_bits'].map(key => figureOf(sweep, key));
  const axes = known.length > 1 ? known : usual;
  const view = {x: axes[axes.length - 1], y: axes[0], over: known.length > 2 ? 'plan' : 'axes'};
  let best = new Uint8Array(0);
  const over = () => view.over === 'plan' ? known : [...new Set([view.y, view.x])];
  const controls = element('div', {class: 'controls'});
  const names = sweep.figures.map(figure => [figure.key, figure.name]);
  const change = set => value => {
    set(value);
    best = paretoPoints(sweep, over());
    draw();
  };
  addChoice(controls, 'across', names, view.x.key, change(value => view.x = figureOf(sweep, value)));
  addChoice(controls, 'up', names, view.y.key, change(value => view.y = figureOf(sweep, value)));
  if (known.length > 2) {
    addChoice(controls, 'Pareto set over', [['axes', 'the two axes'],
      ['plan', known.map(figure => figure.name).join(', ')]], view.over, change(value => view.over = value));
  }
  best = paretoPoints(sweep, over());
  const members = (input, wanted) => {
    const list = [];
    for (let i = 0; i < sweep.points; i++) {
      if (sweep.keys[0].at[i] === input && best[i] === wanted && sweep.mapped[i] &&
          !Number.isNaN(view.x.values[i]) && !Number.isNaN(view.y.values[i])) {
        list.push([view.x.values[i], view.y.values[i], i]);
      }
    }
    return list;
  };
  const scale = (colours, figure, more) => {
    const values = figure.values.filter(value => !Number.isNaN(value));
    const least = values.reduce((a, b) => Math.min(a, b), Infinity);
    const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
    return axis(colours, {
      type: least > 0 && most / least > 30 ? 'log' : 'value', scale: true, name: figure.name +
        (figure.unit && figure.unit !== figure.key ? ', ' + figure.unit : ''),
      axisLabel: {color: colours.muted, hideOverlap: true, formatter: value => shareFigure(figure)
        ? percent(value, 1) : Math.abs(value) >= 1000 ? whole(value) : String(Number(value.toPrecision(4)))},
      ...more,
    });
  };
  const {draw} = addChart(parent, {
    id, controls, command: sweep.command, height: 460, svg: sweep.points <= mostInSvg,
    title: 'Pareto set: ' + sweep.name,
    note: () => 'Large points with a border: no other point of the same network is as good in ' +
      over().map(figure => figure.name).join(', ') + ' and better in one. Better: ' +
      over().map(figure => (figure.less ? 'less ' : 'more ') + figure.name).join(', ') + '.',
    option: colours => ({
      grid: {left: 90, right: 30, top: 62, bottom: 52},
      legend: legend(colours, {data: sweep.keys[0].values, itemStyle: {opacity: 1}}),
      tooltip: {
        ...baseOption(colours).tooltip, trigger: 'item',
        formatter: item => {
          const i = item.value[2];
          return tipText('point ' + sweep.number[i] + (best[i] ? ', in the Pareto set' : ''), [
            ...pointLines(sweep, i),
            ...[...new Set([view.y, view.x, ...known])].map(f => [f.name, figureText(f, f.values[i])])]);
        },
      },
      xAxis: scale(colours, view.x, {nameLocation: 'middle', nameGap: 28}),
      yAxis: scale(colours, view.y,
        {nameTextStyle: {color: colours.muted, align: 'left', padding: [0, 0, 0, -70]}}),
      series: sweep.keys[0].values.flatMap((name, input) => {
        const color = seriesColours[input % seriesColours.length];
        const symbol = seriesSymbols[input % seriesSymbols.length];
        const others = members(input, 0);
        return [
          {name, type: 'scatter', symbol, symbolSize: 6, data: others, z: 2,
            itemStyle: {color, opacity: 0.4}, large: others.length > 5000},
          {name, type: 'scatter', symbol, symbolSize: 12, data: members(input, 1), z: 3,
            itemStyle: {color, borderColor: colours.text, borderWidth: 1.5}},
        ];
      }),
    }),
    rows: function* () {
      yield ['point', ...sweep.keys.map(key => key.name), ...sweep.figures.flatMap(f =>
        f.lower ? [f.header + '_mean', f.header + '_lower', f.header + '_upper'] : [f.header]), 'pareto', 'status', 'reason'];
      for (let i = 0; i < sweep.points; i++) {
        yield [sweep.number[i], ...sweep.keys.map(key => valueOf(key, i)),
          ...sweep.figures.flatMap(f => f.lower
            ? [number(f.values[i]), number(f.lower[i]), number(f.upper[i])] : [number(f.values[i])]),
          best[i], ...stateOf(sweep, i)];
      }
    },
  });
}

/** The point with the least (or most) of a figure among those that `may`; ties: less SRAM. */
function bestPoint(sweep, figure, may) {
  const sram = figureOf(sweep, 'sram_bits');
  let found = -1;
  for (let i = 0; i < sweep.points; i++) {
    if (!sweep.mapped[i] || Number.isNaN(figure.values[i]) || !may(i)) continue;
    const gain = found < 0 ? 1 : (figure.values[found] - figure.values[i]) * (figure.less ? 1 : -1);
    if (gain > 0 || (gain === 0 && sram.values[i] < sram.values[found])) found = i;
  }
  return found;
}

/** For each network: what is best, and how little SRAM comes near to it. */
function bestTable(parent, sweep) {
  const list = [];
  const [cycles, sram, energy] = ['cycles', 'sram_bits', 'energy'].map(key => figureOf(sweep, key));
  for (const [input, name] of sweep.keys[0].values.entries()) {
    const own = i => sweep.keys[0].at[i] === input;
    const add = (what, figure, point) => {
      if (point >= 0) list.push([name, what, figureText(figure, figure.values[point]), pointName(sweep, point)]);
    };
    const fastest = cycles ? bestPoint(sweep, cycles, own) : -1;
    if (fastest < 0) continue;
    add('fewest cycles an image', cycles, fastest);
    const least = bestPoint(sweep, sram, i => own(i) && cycles.values[i] <= 1.05 * cycles.values[fastest]);
    add('least SRAM within 5% of these cycles', sram, least);
    if (energy) add('least energy an image', energy, bestPoint(sweep, energy, own));
    for (const figure of sweep.figures.filter(f => f.lower)) {
      add('worst ' + figure.name, figure, bestPoint(sweep, {...figure, less: !figure.less}, own));
    }
  }
  addTable(parent, [['network', r => r[0], true], ['what', r => r[1], true], ['figure', r => r[2]],
    ['machine', r => r[3], true]], list);
}

/** Points that cannot be mapped, by reason. */
function unmappableTable(parent, sweep) {
  const reasons = new Map();
  for (let i = 0; i < sweep.points; i++) {
    if (sweep.mapped[i]) continue;
    const reason = reasonOf(sweep, i);
    if (!reasons.has(reason)) reasons.set(reason, []);
    reasons.get(reason).push(i);
  }
  if (!reasons.size) return;
  parent.append(element('h3', {}, 'Points that cannot be mapped'));
  addTable(parent, [['points', r => whole(r[1].length)], ['reason', r => r[0], true],
    ['as', r => sweep.keys[0].values[sweep.keys[0].at[r[1][0]]] + ', ' + pointName(sweep, r[1][0]), true]],
  [...reasons].slice(0, mostRowsShown));
  if (reasons.size > mostRowsShown) {
    parent.append(element('p', {class: 'note'}, (reasons.size - mostRowsShown) +
      ' more reasons stand in the downloads.'));
  }
}

function sweepSummary(parent, sections) {
  addTable(parent, [
    ['sweep', s => s.file, true], ['name', s => s.data.name, true], ['machine', s => s.data.machine, true],
    ['networks', s => s.data.inputs.map(shortName).join(', '), true],
    ['points', s => whole(s.data.points) + (s.data.points < s.data.planned ? ' of ' + whole(s.data.planned) : '')],
    ['over', s => s.data.axes.map(axis => axis.key).join(', '), true],
  ], sections);
}

async function sweepSection(parent, section, id) {
  const sweep = await unpackSweep(section.data);
  parent.append(element('h2', {}, 'Sweep ' + sweep.name));
  parent.append(element('p', {class: 'muted'}, section.file + ', lacuna ' + sweep.version +
    '. SHA-256: plan ' + sweep.hashes.plan.slice(0, 12) + ', inputs ' + sweep.hashes.inputs.slice(0, 12)));
  const mapped = sweep.mapped.reduce((sum, one) => sum + one, 0);
  addCards(parent, [
    [whole(sweep.points) + (sweep.points < sweep.planned ? ' of ' + whole(sweep.planned) : ''), 'points'],
    ...(mapped < sweep.points ? [[whole(sweep.points - mapped), 'cannot be mapped']] : []),
    ...['cycles', 'dram_bytes', 'energy'].map(key => figureOf(sweep, key)).filter(Boolean).map(figure => {
      const known = figure.values.filter(value => !Number.isNaN(value));
      const [least, most] = known.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
      return [figureText(figure, least) + ' to ' + figureText(figure, most), figure.name + ' an image'];
    }),
  ]);
  if (mapped) bestTable(parent, sweep);
  unmappableTable(parent, sweep);
  if (!mapped) return;
  const chosen = [...sweep.pareto, 'cycles'].map(key => figureOf(sweep, key)).find(Boolean);
  const exposed = sweep.figures.filter(figure => figure.lower);
  if (varying(sweep).length) {
    gridChart(parent, sweep, {id: id + '-grid', title: 'Figures over the grid', chosen,
      figures: sweep.figures});
    if (exposed.length) {
      const touched = ['weights_a_cell', 'most_weights_a_cell'].map(key => figureOf(sweep, key));
      gridChart(parent, sweep, {id: id + '-touched', title: 'Fault exposure: weights that one stuck cell touches',
        chosen: touched[0], figures: touched});
      // Last of the accuracies, or of what there is without labels.
      const first = exposed.filter(figure => figure.key.split('_')[0] === exposed[0].key.split('_')[0]);
      gridChart(parent, sweep, {id: id + '-accuracy', title: 'Fault exposure: outputs with faults',
        chosen: first[first.length - 1], figures: [...exposed, figureOf(sweep, 'top1')].filter(Boolean)});
    }
  }
  paretoChart(parent, sweep, id + '-pareto');
}
