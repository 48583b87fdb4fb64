/** Pixels turned as a photograph says that it is to be seen. */

/** Pixels in RGBA, line by line. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The same picture, upright, for an orientation of Exif (1 to 8): from 5 on width and height change places. */
export function upright({ width, height, data }: Pixels, orientation: number): Pixels {
  if (orientation === 1) return { width, height, data };
  const isTurned = orientation >= 5;
  const made = { width: isTurned ? height : width, height: isTurned ? width : height };
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const to = new Uint32Array(width * height);
  const [right, bottom] = [width - 1, height - 1];
  const isMirrored = [2, 3, 7, 8].includes(orientation);
  const isFlipped = [3, 4, 6, 7].includes(orientation);
  for (let y = 0; y < made.height; y++) {
    for (let x = 0; x < made.width; x++) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const at = isMirrored ? right - column : column;
      const line = isFlipped ? bottom - row : row;
      to[y * made.width + x] = from[line * width + at] ?? 0;
    }
  }
  return { ...made, data: new Uint8Array(to.buffer) };
}
