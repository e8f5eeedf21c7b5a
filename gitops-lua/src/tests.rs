use gitops_core::Timestamp;
use serde_json::json;

use super::*;

fn widget() -> Object {
    let status = json!({"phase": "Up", "nothing": null, "conditions": [{"type": "Ready"}], "count": 10});
    let metadata = json!({"name": "w"});
    Object::from_value(json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": metadata, "status": status}))
        .unwrap()
}

fn checks(key: &str, script: &str) -> LuaChecks {
    let settings = BTreeMap::from([(format!("{PREFIX}{key}"), script.to_owned())]);
    let now: Timestamp = "2026-03-08T17:05:09Z".parse().unwrap();
    LuaChecks::from_settings(&settings, Arc::new(move || now))
}

fn told(script: &str) -> Result<Health, CheckError> {
    checks("x.io_Widget", script).health(&widget()).unwrap()
}

#[test]
fn a_script_judges_its_kind() {
    let health =
        told("hs = {}; hs.status = 'Healthy'; hs.message = obj.status.phase .. ' ' .. 10/2; return hs").unwrap();
    assert_eq!((health.status, health.message.as_str()), (HealthStatus::Healthy, "Up 5"));
    assert!(told("if obj.status.nothing == nil then return {status='Missing'} end").is_ok());
    let counted =
        told("return {status='Degraded', message=table.concat({#obj.status.conditions, unpack({'a'})}, ',')}");
    assert_eq!(counted.unwrap().message, "1,a");
    assert!(checks("x.io_Widget", "return nil").health(&widget()).is_none());
    assert!(checks("x.io_Other", "return {}").health(&widget()).is_none());
}

#[test]
fn stars_stand_for_anything() {
    for key in ["*.io_Widget", "x.io_*", "*_*", "all"] {
        assert!(checks(key, "return {status='Healthy'}").health(&widget()).is_some(), "{key}");
    }
    assert!(checks("*.com_Widget", "return {status='Healthy'}").health(&widget()).is_none());
}

#[test]
fn what_is_no_health_is_an_error() {
    assert_eq!(told("return {status='Fine'}"), Err(CheckError::Status));
    assert_eq!(told("return 'Healthy'"), Err(CheckError::NoTable("string")));
    assert!(matches!(told("return obj.spec.replicas"), Err(CheckError::Script(_))));
    assert!(matches!(told("this is no script"), Err(CheckError::Script(_))));
}

#[test]
fn scripts_reach_nothing_else() {
    let names =
        "dofile loadfile load loadstring module package io debug collectgarbage coroutine os.exit os.getenv os.execute";
    for name in names.split(' ') {
        let found = told(&format!("return {{status='Healthy', message=type({name})}}")).unwrap();
        assert_eq!(found.message, "nil", "{name}");
    }
}

#[test]
fn scripts_of_argo_cds_dialect_run() {
    let script = "
        local seen = {}
        for _, value in ipairs({1, 2, 3}) do
            if value == 2 then goto continue end
            table.insert(seen, value)
            ::continue::
        end
        print(table.getn(seen), table.maxn(seen), math.mod(5, 3))
        return {status = 'Healthy', message = string.format('%d:%s', unpack({#seen, tostring(10 / 2)}))}";
    assert_eq!(told(script).unwrap().message, "2:5");
    assert!(matches!(told("require('socket')"), Err(CheckError::Script(words)) if words.contains("not found")));
}

#[test]
fn scripts_are_told_the_time() {
    let says = |value: &str| {
        let script = format!("local os = require('os'); return {{status = 'Healthy', message = tostring({value})}}");
        told(&script).unwrap().message
    };
    assert_eq!(says("os.time()"), "1772989509");
    assert_eq!(says("os.time({year = 2026, month = 3, day = 8})"), "1772971200", "at noon where no hour is said");
    assert_eq!(says("os.time({year = 2025, month = 15, day = 8, hour = 17, min = 5, sec = 9})"), "1772989509");
    assert_eq!(says("os.time{year = 2026, month = 2, day = 36, hour = 0} < os.time()"), "true");
    assert_eq!(says("os.date('!%Y-%m-%dT%H:%M:%SZ')"), "2026-03-08T17:05:09Z");
    assert_eq!(says("os.date('%F %I%p %j %w %% %', 0)"), "1970-01-01 12AM %j 4 % %");
    assert_eq!(says("os.date()"), "08 Mar 26 17:05 UTC");
    assert_eq!(says("os.date('*t').hour .. os.date('!*t', 86399).sec .. os.date('*t').wday"), "17591");
    assert!(told("return {status = 'Healthy', message = os.time({year = 99999, month = 1, day = 1})}").is_err());
}

#[test]
fn budgets_end_every_script() {
    let small = |script: &str| {
        let checks = checks("x.io_Widget", script).with_budget(Budget::new(100_000, 4 << 20));
        checks.health(&widget()).unwrap()
    };
    let spent = Err(CheckError::Instructions(100_000));
    assert_eq!(small("while true do end"), spent);
    assert_eq!(small("while true do pcall(function() while true do end end) end"), spent);
    assert!(matches!(small("local t = 'x'; while true do t = t .. t end"), Err(CheckError::Script(_))));
}
