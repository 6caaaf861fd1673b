use catops_core::command;

/// Is being typed.
#[command]
fn half() {
    let = 3; //~ expected pattern, found `=`
}
