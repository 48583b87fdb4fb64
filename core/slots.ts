/** The kernel's own slots. What each takes is in contracts.ts. */

import type * as contracts from './contracts.ts';
import { chain, choice, list, named } from './slot.ts';

export const models = named<contracts.Model>('models');
export const tools = named<contracts.Tool>('tools');
export const prompts = list<contracts.PromptSource>('prompts');
export const machines = choice<contracts.Machine>('machines');
export const sandboxes = choice<contracts.Sandbox>('sandboxes');
export const policies = list<contracts.Policy>('policies');
export const compactors = chain<contracts.Compactor>('compactors');
export const stores = choice<contracts.Store>('stores');
export const commands = named<contracts.Command>('commands');
export const frontEnds = named<contracts.FrontEnd>('frontEnds');
export const requests = named<contracts.RequestHandler>('requests');
export const aroundTurn = chain<contracts.AroundTurn>('aroundTurn');
export const aroundModel = chain<contracts.AroundModel>('aroundModel');
export const aroundTool = chain<contracts.AroundTool>('aroundTool');
export const aroundEffect = chain<contracts.AroundEffect>('aroundEffect');
export const redactors = list<contracts.Redactor>('redactors');
export const observers = list<contracts.Observer>('observers');
