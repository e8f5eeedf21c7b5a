use serde_json::json;

use super::*;

fn widget() -> Object {
    let status = json!({"phase": "Up", "nothing": null, "conditions": [{"type": "Ready"}], "count": 10});
    let metadata = json!({"name": "w"});
    Object::from_value(json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": metadata, "status": status}))
        .unwrap()
}

fn checks(key: &str, script: &str) -> LuaChecks {
    LuaChecks::from_settings(&BTreeMap::from([(format!("{PREFIX}{key}"), script.to_owned())]))
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
    let names = "dofile loadfile load loadstring require module package io os debug collectgarbage print coroutine";
    for name in names.split(' ') {
        let found = told(&format!("return {{status='Healthy', message=type({name})}}")).unwrap();
        assert_eq!(found.message, "nil", "{name}");
    }
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
