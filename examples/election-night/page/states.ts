/** The 50 states of the data, in the order of the alphabet, and how mailboxes and the map name them. */

export interface State {
  readonly name: string;
  readonly postal: string;
  readonly electors: number;
  /** Last segment of its mailbox: `new-hampshire`. */
  readonly slug: string;
}

/** Postal code, electors, name. */
const LIST =
  'AL 9 Alabama,AK 3 Alaska,AZ 11 Arizona,AR 6 Arkansas,CA 55 California,CO 9 Colorado,CT 7 Connecticut,DE 3 Delaware,' +
  'FL 29 Florida,GA 16 Georgia,HI 4 Hawaii,ID 4 Idaho,IL 20 Illinois,IN 11 Indiana,IA 6 Iowa,KS 6 Kansas,KY 8 Kentucky,' +
  'LA 8 Louisiana,ME 4 Maine,MD 10 Maryland,MA 11 Massachusetts,MI 16 Michigan,MN 10 Minnesota,MS 6 Mississippi,' +
  'MO 10 Missouri,MT 3 Montana,NE 5 Nebraska,NV 6 Nevada,NH 4 New Hampshire,NJ 14 New Jersey,NM 5 New Mexico,' +
  'NY 29 New York,NC 15 North Carolina,ND 3 North Dakota,OH 18 Ohio,OK 7 Oklahoma,OR 7 Oregon,PA 20 Pennsylvania,' +
  'RI 4 Rhode Island,SC 9 South Carolina,SD 3 South Dakota,TN 11 Tennessee,TX 38 Texas,UT 6 Utah,VT 3 Vermont,' +
  'VA 13 Virginia,WA 12 Washington,WV 5 West Virginia,WI 10 Wisconsin,WY 3 Wyoming';

export const STATES: readonly State[] = LIST.split(',').map((entry) => {
  const [postal = '', electors, ...words] = entry.split(' ');
  return { name: words.join(' '), postal, electors: Number(electors), slug: words.join('-').toLowerCase() };
});

export const ROOT = '/elections/us-2020/president';

export function mailboxOf({ slug }: State): string {
  return `${ROOT}/${slug}`;
}

export function slugOf(mailbox: string): string {
  return mailbox.slice(mailbox.lastIndexOf('/') + 1);
}
