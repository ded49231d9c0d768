// What `jco run` gives a WASI command: without this, all variables of the process
// and no file at all.

import { _setEnv } from "@bytecodealliance/preview2-shim/cli";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";

const run = JSON.parse(process.env.KEYHOLE_RUN);
_setEnv(run.variables);
_setPreopens(run.preopens);
