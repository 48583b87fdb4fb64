/** Runs as a worker: scales the image in `workerData` and posts it. Photon is WebAssembly, so a bad image harms nothing. */

import { parentPort, workerData } from 'node:worker_threads';
import { PhotonImage, resize, SamplingFilter } from '@silvia-odwyer/photon-node';

import { orientationOf } from './header.ts';
import type { Scaled, ScaleJob } from './scale.ts';
import { upright } from './upright.ts';

/** What is drawn stays sharp as PNG; what is photographed is small as JPEG only. */
const both = ['image/png', 'image/jpeg'] as const;
const quality = 85;
const leastEdge = 64;
/** What the longer side becomes when the bytes are still too many. */
const step = 0.75;

function fitted({ data, mimeType, size, edge, bytes }: ScaleJob): Scaled {
  const image = PhotonImage.new_from_byteslice(data);
  const longer = Math.max(size.width, size.height);
  const orientation = orientationOf(data);
  const types = mimeType === 'image/jpeg' ? (['image/jpeg'] as const) : both;
  for (let to = Math.min(edge, longer); to >= leastEdge; to = Math.floor(to * step)) {
    for (const type of types) {
      const scaled = encoded(image, { share: to / longer, type, orientation });
      if (scaled.data.length <= bytes) return scaled;
    }
  }
  throw new Error('it cannot be made small enough');
}

interface Encoding {
  readonly share: number;
  readonly type: Scaled['mimeType'];
  readonly orientation: number;
}

function encoded(image: PhotonImage, { share, type, orientation }: Encoding): Scaled {
  const width = Math.max(1, Math.round(image.get_width() * share));
  const height = Math.max(1, Math.round(image.get_height() * share));
  const scaled = resize(image, width, height, SamplingFilter.Triangle);
  const turned = upright({ width, height, data: scaled.get_raw_pixels() }, orientation);
  scaled.free();
  const made = new PhotonImage(turned.data, turned.width, turned.height);
  const data = type === 'image/png' ? made.get_bytes() : made.get_bytes_jpeg(quality);
  made.free();
  return { data, mimeType: type, width: turned.width, height: turned.height };
}

const job = workerData as ScaleJob; // as scale.ts gives it
const made = fitted(job);
parentPort?.postMessage(made, [made.data.buffer as ArrayBuffer]); // Photon's own copy
