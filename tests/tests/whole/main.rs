//! The whole system: the sandbox in this process against an authority over
//! real TLS, and the programs as users get them. One program, because each one
//! links wasmtime.

mod addresses;
mod attempts;
mod audit_log;
mod bad_settings;
mod browser;
mod cache;
mod clients;
mod clouds;
mod compositions;
#[cfg(target_os = "linux")]
mod crates_in_programs;
#[cfg(target_os = "linux")]
mod engines;
mod envoy;
mod example_composition;
mod example_hosts;
mod exec_credential;
mod exit_codes;
mod explain;
mod faults;
mod fuel;
mod gateway;
mod github_actions;
mod guards;
mod identity_binding;
mod imports;
mod kube_apiserver;
mod kubectl;
mod kubelogin;
mod leak_search;
mod leaks;
mod memory;
mod other_component;
mod output;
mod packages;
mod project;
mod proxied_by_kubectl;
mod proxy;
mod real_kubelogin;
mod retry_propagation;
mod roots;
mod slim_host;
mod stock_commands;
mod stock_servers;
mod token_file;
mod verified_files;
mod verify;
mod wat_components;
