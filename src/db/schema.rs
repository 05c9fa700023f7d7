// @generated automatically by Diesel CLI.

diesel::table! {
    use crate::db::types::sql::*;

    cache_invalidations (id) {
        id -> Int8,
        node -> Uuid,
        keys -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    dept_closure (ancestor_id, descendant_id) {
        ancestor_id -> Uuid,
        descendant_id -> Uuid,
        depth -> Int4,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    depts (id) {
        id -> Uuid,
        #[max_length = 64]
        name -> Varchar,
        sort -> Int4,
        #[max_length = 32]
        leader -> Nullable<Varchar>,
        #[max_length = 32]
        phone -> Nullable<Varchar>,
        #[max_length = 254]
        email -> Nullable<Varchar>,
        status -> Int2,
        parent_id -> Nullable<Uuid>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    login_logs (id) {
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        #[max_length = 64]
        username -> Varchar,
        outcome -> Int2,
        #[max_length = 45]
        ip -> Varchar,
        #[max_length = 512]
        user_agent -> Nullable<Varchar>,
        #[max_length = 64]
        os -> Nullable<Varchar>,
        #[max_length = 64]
        browser -> Nullable<Varchar>,
        #[max_length = 64]
        device -> Nullable<Varchar>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    menus (id) {
        id -> Uuid,
        #[max_length = 64]
        title -> Varchar,
        #[max_length = 64]
        name -> Varchar,
        kind -> Int2,
        #[max_length = 200]
        path -> Nullable<Varchar>,
        #[max_length = 256]
        component -> Nullable<Varchar>,
        #[max_length = 128]
        icon -> Nullable<Varchar>,
        #[max_length = 1024]
        link -> Nullable<Varchar>,
        #[max_length = 512]
        permissions -> Varchar,
        sort -> Int4,
        status -> Int2,
        hidden -> Bool,
        keep_alive -> Bool,
        remark -> Nullable<Text>,
        parent_id -> Nullable<Uuid>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    operation_logs (id) {
        id -> Uuid,
        #[max_length = 128]
        trace_id -> Varchar,
        user_id -> Nullable<Uuid>,
        #[max_length = 64]
        username -> Nullable<Varchar>,
        session_id -> Nullable<Uuid>,
        #[max_length = 128]
        operation -> Nullable<Varchar>,
        #[max_length = 64]
        field -> Varchar,
        input -> Jsonb,
        targets -> Jsonb,
        changes -> Jsonb,
        status -> Int2,
        #[max_length = 32]
        code -> Nullable<Varchar>,
        message -> Nullable<Text>,
        #[max_length = 45]
        ip -> Nullable<Varchar>,
        #[max_length = 512]
        user_agent -> Nullable<Varchar>,
        #[max_length = 64]
        os -> Nullable<Varchar>,
        #[max_length = 64]
        browser -> Nullable<Varchar>,
        #[max_length = 64]
        device -> Nullable<Varchar>,
        duration_us -> Int8,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    refresh_tokens (token_hash) {
        #[max_length = 64]
        token_hash -> Varchar,
        session_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    role_depts (role_id, dept_id) {
        role_id -> Uuid,
        dept_id -> Uuid,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    role_menus (role_id, menu_id) {
        role_id -> Uuid,
        menu_id -> Uuid,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    roles (id) {
        id -> Uuid,
        #[max_length = 32]
        name -> Varchar,
        status -> Int2,
        data_scope -> Int2,
        remark -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        #[max_length = 45]
        ip -> Varchar,
        #[max_length = 512]
        user_agent -> Nullable<Varchar>,
        #[max_length = 64]
        os -> Nullable<Varchar>,
        #[max_length = 64]
        browser -> Nullable<Varchar>,
        #[max_length = 64]
        device -> Nullable<Varchar>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    user_password_history (id) {
        id -> Uuid,
        user_id -> Uuid,
        #[max_length = 256]
        password_hash -> Varchar,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    user_roles (user_id, role_id) {
        user_id -> Uuid,
        role_id -> Uuid,
    }
}

diesel::table! {
    use crate::db::types::sql::*;

    users (id) {
        id -> Uuid,
        #[max_length = 64]
        username -> Varchar,
        #[max_length = 64]
        nickname -> Varchar,
        #[max_length = 256]
        password_hash -> Nullable<Varchar>,
        #[max_length = 254]
        email -> Nullable<Varchar>,
        #[max_length = 32]
        phone -> Nullable<Varchar>,
        #[max_length = 1024]
        avatar -> Nullable<Varchar>,
        status -> Int2,
        is_superuser -> Bool,
        is_staff -> Bool,
        is_multi_login -> Bool,
        dept_id -> Nullable<Uuid>,
        joined_at -> Timestamptz,
        last_login_at -> Nullable<Timestamptz>,
        password_changed_at -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        failed_logins -> Int4,
        failed_login_at -> Nullable<Timestamptz>,
        must_change_password -> Bool,
    }
}

diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(role_depts -> depts (dept_id));
diesel::joinable!(role_depts -> roles (role_id));
diesel::joinable!(role_menus -> menus (menu_id));
diesel::joinable!(role_menus -> roles (role_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(user_password_history -> users (user_id));
diesel::joinable!(user_roles -> roles (role_id));
diesel::joinable!(user_roles -> users (user_id));
diesel::joinable!(users -> depts (dept_id));

diesel::allow_tables_to_appear_in_same_query!(
    cache_invalidations,
    dept_closure,
    depts,
    login_logs,
    menus,
    operation_logs,
    refresh_tokens,
    role_depts,
    role_menus,
    roles,
    sessions,
    user_password_history,
    user_roles,
    users,
);
