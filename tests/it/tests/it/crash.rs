//! `kill -9` of each service in turn: everything comes back, nothing is lost.

use tests_kit::Fleet;

fn deploy(fleet: &Fleet, name: &str) -> String {
    fleet.home.write(
        "crash.c",
        format!("#include <stdio.h>\nint main(void) {{ printf(\"{name}\"); return 0; }}\n"),
    );
    fleet.deploy_url(&fleet.home.compile(name, ["crash.c"]))
}

#[test]
fn every_service_may_be_killed_and_nothing_is_lost() {
    let fleet = Fleet::start(2);
    let mut voids = vec![("first".to_owned(), deploy(&fleet, "first"))];
    for service in ["cap-1", "cap-2", "raptor", "platform", "postgres"] {
        fleet.kill_service(service);
        for (name, url) in &voids {
            assert_eq!(
                fleet.get_until(url, 200).text(),
                *name,
                "after {service} was killed"
            );
        }
        let listed = tests_kit::wait::until(
            std::time::Duration::from_secs(30),
            "the list to come back",
            || {
                let output = fleet.lly(["void", "list", "--json"]);
                (output.code == Some(0)).then_some(output.stdout)
            },
        );
        assert_eq!(
            listed.matches("\"live\"").count(),
            voids.len(),
            "after {service}: {listed}"
        );
        let name = format!("after-{service}");
        let url = deploy(&fleet, &name);
        assert_eq!(fleet.get_until(&url, 200).text(), name);
        voids.push((name, url));
    }
}

#[test]
fn a_fleet_that_is_stopped_or_killed_comes_back_with_its_voids() {
    let mut fleet = Fleet::start(1);
    let url = deploy(&fleet, "survivor");
    fleet.restart(1);
    assert_eq!(fleet.get_until(&url, 200).text(), "survivor");
    fleet.kill_supervisor(1);
    assert_eq!(fleet.get_until(&url, 200).text(), "survivor");
    let listed = fleet.home.json(["void", "list"]);
    assert_eq!(
        listed["voids"].as_array().map(Vec::len),
        Some(1),
        "{listed}"
    );
}

#[test]
fn requests_go_on_while_raptor_platform_and_postgres_are_gone() {
    let fleet = Fleet::start(1);
    let url = deploy(&fleet, "steady");
    for service in ["raptor", "platform", "postgres"] {
        // Stopped, not killed: nobody starts another while it does not answer.
        fleet.signal(service, rustix::process::Signal::STOP);
        for _ in 0..20 {
            assert_eq!(
                fleet.get(&url).is(200).text(),
                "steady",
                "without {service}"
            );
        }
        fleet.signal(service, rustix::process::Signal::CONT);
    }
}
