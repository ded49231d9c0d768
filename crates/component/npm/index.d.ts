import type { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";
import type { Root } from "./component/exchange.js";

export type { Root } from "./component/exchange.js";
export type * from "./component/interfaces/keyhole-identity-token-provider.js";

/**
 * An instance of the component. It sees what it is given as imports and nothing
 * else.
 */
export function instantiate(imports: ReturnType<WASIShim["getImportObject"]>): Promise<Root>;
