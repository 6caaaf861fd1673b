use catops_core::command;

/// Is answered at once, and waits.
#[command(
    inline,
    plan = look, //~ `hurried` is answered at once (`inline`), with no time to show its plan; remove one of the two
    approve = "role:leads", //~ `hurried` is answered at once (`inline`), with no time to wait for others; remove one of the two
    exclusive = "service" //~ `hurried` is answered at once (`inline`), with no time to take a lock; remove one of the two
)]
fn hurried(service: String) {}

/// Runs by itself, and asks.
#[command(
    schedule = "0 3 * * *",
    plan = look, //~ `nightly` has a schedule, and nobody is there to apply its plan; remove one of the two
    approve = "role:leads", //~ `nightly` has a schedule, and nobody is there to ask others for their approval; remove one of the two
    exclusive = "nightly"
)]
fn nightly() {}

/// Names people.
#[command(approve = "U012AB3CD")] //~ those who approve have a role of the policy file: write `approve = "role:leads"`
fn by_id() {}

/// Names roles.
#[command(approve = "role:leads, oncall")] //~ a role's name is one word of letters, digits, `-` and `_`
fn by_roles() {}

/// Counts nobody.
#[command(n = 2)] //~ `n` is how many have to approve, and nobody has to; add `approve = "role:…"`
fn counted() {}

/// Needs none.
#[command(approve = "role:leads", n = 0)] //~ `n` is how many have to approve, the asker not among them: 1 to 9
fn none() {}

/// Needs a crowd.
#[command(approve = "role:leads", n = 300)] //~ `n` is how many have to approve, the asker not among them: 1 to 9
fn crowd() {}

/// Locks words.
#[command(exclusive = "the service")] //~ a lock's name is one word of letters, digits, `-` and `_`
fn locks_words() {}

/// Locks a flag.
#[command(exclusive = "now")] //~ `now` is a flag, which has no words for a lock; choose another name
fn locks_flag(now: bool) {}

fn look(service: String) {}
