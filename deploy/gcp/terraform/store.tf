resource "google_firestore_database" "default" {
  count = var.make_database ? 1 : 0

  name            = "(default)"
  location_id     = coalesce(var.firestore_location, local.region)
  type            = "FIRESTORE_NATIVE"
  deletion_policy = "ABANDON" # destroy leaves it: other applications of the project may use it as well
  depends_on      = [google_project_service.needed]
}

# Entries end by their field `ttl`. Nothing is searched for by a field, and each index entry would cost a write and a ceiling
# of 500 writes a second, so there are none.
resource "google_firestore_field" "plain" {
  for_each = toset(["entries/value", "entries/nonce", "entries/ttl", "audit/value"])

  database   = "(default)"
  collection = "${var.name}-${split("/", each.value)[0]}"
  field      = split("/", each.value)[1]
  depends_on = [google_firestore_database.default]

  index_config {}

  dynamic "ttl_config" {
    for_each = each.value == "entries/ttl" ? [each.value] : []

    content {}
  }
}

# Firestore has no grants on less than a database.
resource "google_project_iam_member" "store" {
  for_each = local.callers

  project = local.project
  role    = "roles/datastore.user"
  member  = each.value

  condition {
    title      = var.name
    expression = "resource.name==\"projects/${local.project}/databases/(default)\""
  }
}
