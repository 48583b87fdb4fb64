import { memoryStore } from '../../../plugins/stores/memory.ts';
import { storeContract } from '../../contracts/stores.ts';

storeContract('memory', () => memoryStore());
