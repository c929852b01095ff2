// Points on a canvas: by WebGL2, or without it pixel by pixel.

/** @typedef {{places: (places: Uint16Array) => void, colours: (colours: Uint32Array) => void, draw: (x: number, y: number, unit: number, size: number) => void}} Painter */

const VERTEX = `#version 300 es
in vec2 place; in vec4 colour; uniform vec2 middle; uniform vec2 half_; uniform float unit; uniform float size; out vec4 tint;
void main() {
  gl_Position = place.x > 65500.0 ? vec4(9.0) : vec4((place - middle) * unit / half_, 0.0, 1.0);
  gl_PointSize = size; tint = colour;
}`;
const FRAGMENT = `#version 300 es
precision mediump float; in vec4 tint; out vec4 pixel;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  if (dot(off, off) > 0.25) discard;
  pixel = vec4(tint.rgb * tint.a, tint.a);
}`;

/** @param {HTMLCanvasElement} canvas @returns {Painter} */
export function painter(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: false, alpha: true });
  return gl ? byGpu(canvas, gl) : byHand(canvas);
}

/** @param {HTMLCanvasElement} canvas @param {WebGL2RenderingContext} gl @returns {Painter} */
function byGpu(canvas, gl) {
  const program = gl.createProgram();
  for (const [kind, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.bindAttribLocation(program, 0, "place");
  gl.bindAttribLocation(program, 1, "colour");
  gl.linkProgram(program);
  gl.useProgram(program);
  const [places, colours] = [gl.createBuffer(), gl.createBuffer()];
  const at = (/** @type {string} */ name) => gl.getUniformLocation(program, name);
  const [middle, half, unitAt, sizeAt] = ["middle", "half_", "unit", "size"].map(at);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  let n = 0, m = 0;
  return {
    places(data) {
      gl.bindBuffer(gl.ARRAY_BUFFER, places);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(0);
      gl.vertexAttribPointer(0, 2, gl.UNSIGNED_SHORT, false, 0, 0);
      n = data.length / 2;
    },
    colours(data) {
      gl.bindBuffer(gl.ARRAY_BUFFER, colours);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(1);
      gl.vertexAttribPointer(1, 4, gl.UNSIGNED_BYTE, true, 0, 0);
      m = data.length;
    },
    draw(x, y, unit, size) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (!n || n !== m) return;
      gl.uniform2f(middle, x, y);
      gl.uniform2f(half, canvas.width / 2, canvas.height / 2);
      gl.uniform1f(unitAt, unit);
      gl.uniform1f(sizeAt, size);
      gl.drawArrays(gl.POINTS, 0, n);
    },
  };
}

/** @param {HTMLCanvasElement} canvas @returns {Painter} */
function byHand(canvas) {
  const context = canvas.getContext("2d");
  /** @type {Uint16Array} */ let places = new Uint16Array();
  /** @type {Uint32Array} */ let colours = new Uint32Array();
  return {
    places(data) { places = data; },
    colours(data) { colours = data; },
    draw(x, y, unit, size) {
      const { width, height } = canvas;
      const image = context.createImageData(width, height), pixels = new Uint32Array(image.data.buffer);
      const side = Math.max(1, Math.round(size * 0.8));
      for (let row = 0; row < colours.length && 2 * row < places.length; row++) {
        if (places[2 * row] > 65500) continue;
        const px = Math.round((places[2 * row] - x) * unit + width / 2), py = Math.round(height / 2 - (places[2 * row + 1] - y) * unit);
        for (let dy = 0; dy < side; dy++) for (let dx = 0; dx < side; dx++) {
          if (px + dx >= 0 && px + dx < width && py + dy >= 0 && py + dy < height) pixels[(py + dy) * width + px + dx] = colours[row];
        }
      }
      context.putImageData(image, 0, 0);
    },
  };
}
