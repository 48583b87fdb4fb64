/** Everything a plugin or an embedding program may use. */

export * from './item.ts';
export * from './errors.ts';
export type * from './contracts.ts';
export type * from './protocol.ts';
export * from './slot.ts';
export * from './slots.ts';
export type * from './plugin.ts';
export * from './kernel.ts';
