/** The kernel's own slots. What each takes is in contracts.ts. */

import type {
  AroundEffect,
  AroundModel,
  AroundTool,
  AroundTurn,
  Command,
  Compactor,
  FrontEnd,
  Model,
  Observer,
  Policy,
  PromptSource,
  Redactor,
  RequestHandler,
  Sandbox,
  Store,
  Tool,
} from './contracts.ts';
import { chain, choice, list, named, unique } from './slot.ts';

export const models = named<Model>('models');
export const tools = named<Tool>('tools');
export const prompts = list<PromptSource>('prompts');
export const sandboxes = choice<Sandbox>('sandboxes');
export const policies = list<Policy>('policies');
export const compactors = chain<Compactor>('compactors');
export const stores = choice<Store>('stores');
export const commands = named<Command>('commands');
export const frontEnds = named<FrontEnd>('frontEnds');
export const requests = unique<RequestHandler>('requests');
export const aroundTurn = chain<AroundTurn>('aroundTurn');
export const aroundModel = chain<AroundModel>('aroundModel');
export const aroundTool = chain<AroundTool>('aroundTool');
export const aroundEffect = chain<AroundEffect>('aroundEffect');
export const redactors = list<Redactor>('redactors');
export const observers = list<Observer>('observers');
