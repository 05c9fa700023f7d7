//! Names of people and places that do not exist.

pub const DIVISIONS: &[&str] = &[
    "Sales", "Engineering", "Operations", "Finance", "People", "Marketing", "Legal", "Support", "Research", "Logistics",
    "Procurement", "Quality", "Design", "Security", "Facilities", "Strategy", "Training", "Treasury", "Audit", "Partners",
];

pub const DEPARTMENTS: &[&str] = &["North", "South", "East", "West", "Central", "International", "Digital", "Public Sector"];

pub const ROLES: &[&str] = &[
    "Employee", "Team lead", "Department head", "Project office", "Executive", "HR officer", "HR manager", "Auditor",
    "Help desk", "Security officer", "Accountant", "Guest",
];

pub const OPERATIONS: &[&str] = &["updateUser", "createUser", "setUserRoles", "setUserStatus", "updateRole", "setRoleMenus", "updateDept", "login"];

pub const FIRST_NAMES: &[&str] = &[
    "Ada", "Alan", "Amara", "Ana", "Arjun", "Astrid", "Beatriz", "Ben", "Bianca", "Bo", "Carla", "Chen", "Clara", "Dag",
    "Dana", "Diego", "Edith", "Elif", "Emil", "Erik", "Farah", "Felix", "Freya", "Grace", "Hana", "Hugo", "Ida", "Igor",
    "Ines", "Ivan", "Jana", "Joao", "June", "Kai", "Kofi", "Lars", "Leila", "Lena", "Liam", "Lin", "Lucia", "Magnus",
    "Maria", "Mei", "Milan", "Mina", "Nadia", "Nils", "Noor", "Olga", "Omar", "Otto", "Paula", "Petra", "Priya", "Quinn",
    "Rana", "Rosa", "Sami", "Sofia", "Stella", "Tariq", "Tessa", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Yusuf", "Zoe",
];

pub const LAST_NAMES: &[&str] = &[
    "Abbott", "Adeyemi", "Almeida", "Andersson", "Bauer", "Bennett", "Bergman", "Castro", "Chen", "Costa", "Dahl",
    "Diaz", "Dubois", "Eriksen", "Fischer", "Fontaine", "Garcia", "Gupta", "Haddad", "Hansen", "Horvat", "Ito", "Ivanova",
    "Jansen", "Kaya", "Keller", "Khan", "Kim", "Kowalski", "Larsen", "Lee", "Lopez", "Marino", "Meyer", "Mori", "Murphy",
    "Nakamura", "Nguyen", "Novak", "Okafor", "Olsen", "Patel", "Pereira", "Petrov", "Reyes", "Ricci", "Rossi", "Sato",
    "Schmidt", "Silva", "Singh", "Sorensen", "Tanaka", "Torres", "Vargas", "Virtanen", "Wagner", "Weber", "Yilmaz", "Zhang",
];
