// The pictures of docs/study.md, drawn by Apache ECharts without a browser.
import {init} from '../../sim/report/web/node_modules/echarts/dist/echarts.esm.mjs';

const kColours = ['#1f77b4', '#d9822b', '#2a9d68', '#b5446e'];
const kText = {fontFamily: 'system-ui, DejaVu Sans, sans-serif'};

function draw(width, height, option) {
  const chart = init(null, null, {renderer: 'svg', ssr: true, width, height});
  chart.setOption({animation: false, backgroundColor: '#ffffff', textStyle: kText, ...option});
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg + '\n';
}

/** The mean of a point's values as a line, their range as a band. */
function lineWithBand(name, points, colour, axes) {
  const mean = ({values}) => values.reduce((a, b) => a + b, 0) / values.length;
  const band = {type: 'line', stack: `${name}${axes.xAxisIndex}`, symbol: 'none', silent: true, ...axes};
  return [
    {...band, lineStyle: {opacity: 0}, data: points.map((p) => [p.x, Math.min(...p.values)])},
    {
      ...band, lineStyle: {opacity: 0}, areaStyle: {color: colour, opacity: 0.18},
      data: points.map((p) => [p.x, Math.max(...p.values) - Math.min(...p.values)]),
    },
    {
      name, type: 'line', symbolSize: 5, color: colour, ...axes,
      data: points.map((p) => [p.x, mean(p)]),
    },
  ];
}

/** Top-1 against the bit error rate, a panel for each kind of fault. */
export function accuracyChart(lines) {
  const panels = lines[0].panels.length;
  const [left, width, gap] = [60, 270, 50];
  return draw(left + panels * (width + gap), 340, {
    legend: {data: lines.map(({name}) => name), top: 4},
    title: lines[0].panels.map(({title}, i) => ({
      text: title, left: left + i * (width + gap) + width / 2, top: 30, textAlign: 'center',
      textStyle: {fontSize: 13},
    })),
    grid: lines[0].panels.map((_, i) => ({left: left + i * (width + gap), width, top: 56, bottom: 46})),
    xAxis: lines[0].panels.map((_, i) => ({
      type: 'log', gridIndex: i, name: 'bit error rate', nameLocation: 'middle', nameGap: 28,
      min: lines[0].panels[0].points[0].x, max: lines[0].panels[0].points.at(-1).x,
      axisLabel: {formatter: (value) => value.toExponential(0)},
    })),
    yAxis: lines[0].panels.map((_, i) => ({
      type: 'value', gridIndex: i, min: 0, max: 100, name: i ? '' : 'top-1, %', nameLocation: 'middle',
      nameGap: 34,
    })),
    series: lines.flatMap(({name, panels: own}, i) => own.flatMap(({points}, panel) => lineWithBand(
        name, points, kColours[i], {xAxisIndex: panel, yAxisIndex: panel}))),
  });
}

/** The loss against the length of random moves of the weights. */
export function radiusChart(lines) {
  return draw(560, 340, {
    legend: {data: lines.map(({name}) => name), top: 4},
    grid: {left: 60, right: 30, top: 40, bottom: 46},
    xAxis: {
      type: 'value', name: 'length of the move, share of the weights', nameLocation: 'middle', nameGap: 28,
    },
    yAxis: {type: 'value', name: 'loss', nameLocation: 'middle', nameGap: 40},
    series: lines.flatMap(({name, points}, i) => lineWithBand(
        name, points, kColours[i], {xAxisIndex: 0, yAxisIndex: 0})),
  });
}

/** The loss on a plane around each network, one scale for all. */
export function sliceChart(networks) {
  const [left, size, gap] = [50, 220, 40];
  const places = [...new Set(networks[0].cells.map(({x}) => x))];
  const ceiling = 2.5;  // guessing loses ln(10) = 2.3
  return draw(left + networks.length * (size + gap) + 60, 330, {
    title: networks.map(({name}, i) => ({
      text: name, left: left + i * (size + gap) + size / 2, top: 6, textAlign: 'center',
      textStyle: {fontSize: 13},
    })),
    grid: networks.map((_, i) => ({left: left + i * (size + gap), width: size, top: 34, height: size})),
    xAxis: networks.map((_, i) => ({
      type: 'category', gridIndex: i, data: places, axisLabel: {interval: 6}, axisTick: {show: false},
    })),
    yAxis: networks.map((_, i) => ({
      type: 'category', gridIndex: i, data: places, axisLabel: {interval: 6}, axisTick: {show: false},
    })),
    visualMap: {
      min: 0, max: ceiling, calculable: false, right: 6, top: 60, text: [`${ceiling}`, '0'],
      inRange: {color: ['#0b3c5d', '#328cc1', '#d9e4ec', '#f2b134', '#a63a22']},
    },
    series: networks.map(({cells}, i) => ({
      type: 'heatmap', xAxisIndex: i, yAxisIndex: i,
      data: cells.map(({x, y, loss}) => [
        places.indexOf(x), places.indexOf(y), Math.min(loss, ceiling)
      ]),
    })),
  });
}
