// From the page's data to numbers and text.

const pageData = JSON.parse(document.getElementById('data').textContent);

/** Bytes of a compressed, base64-coded column. */
async function inflate(text) {
  if (typeof DecompressionStream === 'undefined') {
    throw new Error('this browser is too old: it cannot decompress');
  }
  const coded = atob(text);
  const bytes = new Uint8Array(coded.length);
  for (let i = 0; i < coded.length; i++) bytes[i] = coded.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
}

/** A typed array, or any JSON value. */
async function unpack(column) {
  const bytes = await inflate(column.zlib);
  if (column.type === 'json') return JSON.parse(new TextDecoder().decode(bytes));
  const kinds = {u8: Uint8Array, u16: Uint16Array, i32: Int32Array, f64: Float64Array};
  const stored = new kinds[column.type](bytes);
  if (!column.differences) return stored;
  const values = new Float64Array(stored.length);
  for (let i = 0, sum = 0; i < stored.length; i++) values[i] = sum += stored[i];
  return values;
}

/** An object of columns, each unpacked. */
async function unpackAll(columns, names) {
  const list = await Promise.all(names.map(name => unpack(columns[name])));
  return Object.fromEntries(names.map((name, i) => [name, list[i]]));
}

function escapeHtml(text) {
  const names = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
  return String(text).replace(/[&<>"']/g, c => names[c]);
}

const whole = value => Math.round(value).toLocaleString('en-US');
const percent = (share, digits = 2) => (100 * share).toFixed(digits) + '%';
const times = ratio => ratio === null ? '-' : ratio.toFixed(2) + 'x';

/** Rows as CSV (RFC 4180), in pieces. */
function csvPieces(rows) {
  const field = value => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  };
  const pieces = [];
  let lines = [];
  for (const row of rows) {
    lines.push(row.map(field).join(','));
    if (lines.length === 10000) {
      pieces.push(lines.join('\n') + '\n');
      lines = [];
    }
  }
  pieces.push(lines.length ? lines.join('\n') + '\n' : '');
  return pieces;
}

function download(name, rows) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(csvPieces(rows), {type: 'text/csv'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
