//! Health checks that users write, from the cluster's settings.

use serde_json::json;

use super::on_each;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: lamp\ndata:\n  state: \"NO\"\n";

#[test]
fn checks_of_the_settings_judge_by_what_they_say() {
    on_each(&[("app/lamp.yaml", CONFIG)], |place| {
        // Only this application's namespace: others of the cluster are judged by the same settings.
        let script = format!(
            "if obj.metadata.namespace ~= '{}' then return nil end \
             if obj.data.state == 'on' then return {{status='Healthy', message='it shines'}} end \
             return {{status='Degraded', message='the lamp is ' .. obj.data.state}}",
            place.namespace()
        );
        let data = json!({"resource.customizations.health.ConfigMap": script});
        place.control(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}));
        place.control(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": data}));
        let file = place.application("", "");
        place.run(["sync", &file]).exits(1).says("Degraded").says("the lamp is NO");
        place.commit(&[("app/lamp.yaml", &CONFIG.replace("NO", "on"))]);
        place.run(["sync", &file]).exits(0).says("Healthy");

        // The same in the older form, for a kind by a pattern.
        let all = format!("\"*\":\n  health.lua: |\n    {}\n", script.replace("it shines", "it shone"));
        place.control(
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"},
            "data": {"resource.customizations": all}}),
        );
        place.commit(&[("app/lamp.yaml", &CONFIG.replace("NO", "broken"))]);
        place.run(["sync", &file]).exits(1).says("the lamp is broken");
        place.control(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": {}}));
    });
}

#[test]
fn settings_that_are_malformed_are_said() {
    on_each(&[("app/lamp.yaml", CONFIG)], |place| {
        let super::Place::Embedded(_) = place else { return };
        place.control(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}));
        place.control(
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"},
            "data": {"resource.customizations": "x.io/Widget: [1]"}}),
        );
        let file = place.application("", "");
        place.run(["sync", &file]).exits(2).says("argocd-cm").says("`x.io/Widget`: expected a map");
    });
}
