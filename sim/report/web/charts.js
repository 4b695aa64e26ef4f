// Elements of the page, and the frame that every chart has: title, note, command, download.

/** An element; children are elements or text, never HTML. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The colours of the style sheet, as they are now (light, dark or print). */
function theme() {
  const style = getComputedStyle(document.documentElement);
  return new Proxy({}, {get: (_, name) => style.getPropertyValue('--' + name).trim()});
}

const openCharts = [];  // {chart, draw, picture, place, height}

function baseOption(colours) {
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: {color: colours.text, fontFamily: 'system-ui, "DejaVu Sans", sans-serif'},
    tooltip: {
      confine: true, backgroundColor: colours.panel, borderColor: colours.line,
      textStyle: {color: colours.text, fontSize: 12},
    },
  };
}

function axis(colours, more) {
  return {
    axisLine: {lineStyle: {color: colours.line}},
    axisTick: {lineStyle: {color: colours.line}},
    axisLabel: {color: colours.muted},
    nameTextStyle: {color: colours.muted},
    splitLine: {lineStyle: {color: colours.line, opacity: 0.6}},
    ...more,
  };
}

const printing = () => matchMedia('print').matches;

/** Room above a chart whose legend has many entries: on paper it is not scrolled but takes two lines. */
const underLegend = () => printing() ? 78 : 58;

function legend(colours, more) {
  return {
    type: printing() ? 'plain' : 'scroll', top: 0, textStyle: {color: colours.text},
    pageTextStyle: {color: colours.muted},
    pageIconColor: colours.muted, itemWidth: 14, itemHeight: 10, ...more,
  };
}

/**
 * A chart in its frame. `option(colours)` makes ECharts' option anew whenever the colours change;
 * `rows()` gives the rows of the download, the names of the columns first. `note` is text, or a
 * function that says anew what is drawn.
 */
function addChart(parent, {id, title, note, command, height, option, rows, svg = true, controls}) {
  const place = element('div', {class: 'chart', id});
  place.style.height = height + 'px';
  const button = element('button', {type: 'button', 'data-download': id}, 'Download CSV');
  button.addEventListener('click', () => download(id + '.csv', rows()));
  const figure = element('figure', {}, element('h3', {}, title));
  const said = element('p', {class: 'note'});
  if (note) figure.append(said);
  if (controls) figure.append(controls);
  const holder = element('div', {class: svg ? 'holder' : 'holder canvas'}, place);
  figure.append(holder, element('figcaption', {}, element('code', {}, command), button));
  parent.append(figure);
  const chart = echarts.init(place, null, {renderer: svg ? 'svg' : 'canvas'});
  const draw = () => {
    const colours = theme();
    said.textContent = typeof note === 'function' ? note() : note || '';
    chart.setOption({...baseOption(colours), ...option(colours)}, {notMerge: true});
  };
  draw();
  // What is drawn on a canvas is printed as a picture: Chromium loses most of a large canvas.
  const picture = svg ? null : element('img', {class: 'picture', alt: title});
  if (picture) holder.after(picture);
  openCharts.push({chart, draw, picture, place, height});
  return {chart, draw, place};
}

function redrawAll() {
  const onPaper = printing();
  for (const {chart, draw, picture, place, height} of openCharts) {
    place.style.height = (onPaper && !picture ? 0.75 * height : height) + 'px';
    chart.resize();
    draw();
    chart.getZr().flush();  // printing does not wait for the next frame
    if (picture && onPaper) picture.src = chart.getDataURL({pixelRatio: 2});
  }
}

function followPage() {
  let waiting = 0;
  window.addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => openCharts.forEach(({chart}) => chart.resize()), 100);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
  matchMedia('print').addEventListener('change', redrawAll);
  window.addEventListener('beforeprint', redrawAll);
  window.addEventListener('afterprint', redrawAll);
}

/** A table; columns are [title, value(row), isText]. */
function addTable(parent, columns, list) {
  const kind = column => column[2] ? {class: 'text'} : {};
  parent.append(element('div', {class: 'scroll'}, element('table', {},
    element('thead', {}, element('tr', {}, ...columns.map(c => element('th', kind(c), c[0])))),
    element('tbody', {}, ...list.map(row => element('tr', {},
      ...columns.map(c => element('td', kind(c), String(c[1](row))))))))));
}

/** A choice: options are [value, text]; `changed(value)` is called with what is chosen. */
function addChoice(parent, label, options, chosen, changed) {
  const select = element('select', {'aria-label': label}, ...options.map(([value, text]) =>
    element('option', value === chosen ? {value, selected: ''} : {value}, text)));
  select.addEventListener('change', () => changed(select.value));
  parent.append(element('label', {}, label + ' ', select));
}

/** The few numbers that matter: [value, what it is]. */
function addCards(parent, cards) {
  parent.append(element('div', {class: 'cards'}, ...cards.map(([value, what]) =>
    element('div', {class: 'card'}, element('b', {}, value), element('span', {}, what)))));
}

/** Tooltip text: a title and lines of [name, value], all escaped. */
function tipText(title, lines) {
  return '<b>' + escapeHtml(title) + '</b>' +
    lines.map(([name, value]) => '<br>' + escapeHtml(name) + ': ' + escapeHtml(value)).join('');
}
